"""One task, written for four tools, by their own documentation: what a user has to write.

Tune learning rate and weight decay of scikit-learn's MLP on its digits. The search stops weak configs early. Then what
a careful person does afterwards: the best five again on fresh splits with several seeds, an interval, training on all
that is not the test set, and one look at the test set. `python -m tests.benchmarks.same_task` counts the lines.
"""
