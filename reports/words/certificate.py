"""What a certificate says, in a sentence: whether the subset ranks the better configs like more data does."""

from __future__ import annotations

from hpo.certificate.plan import smallest_round
from hpo.certificate.ranking import Certificate, SizeVerdict
from hpo.record.commands import certify_command
from hpo.record.results import StudyResults
from hpo.reports.words.numbers import difference_text, difference_words
from hpo.searching.metric import Metric


def certificate_note(results: StudyResults) -> list[str]:
    """Return what is known of the subset that a search trains on, or how that is found out; nothing without one."""
    return [_of_the_subset(results)] if results.definition.abilities.samples else []


def _of_the_subset(results: StudyResults) -> str:
    certificate, size = results.certificate, smallest_round(results.definition)
    verdict = certificate.of(size) if certificate is not None else None
    if certificate is not None and verdict is not None:
        return certificate_sentence(results.definition.metric, certificate, verdict) + (
            _chosen(results) if verdict.passes else ""
        )
    if certificate is not None and size == certificate.reference:
        return none_sentence(certificate) + _chosen(results)
    command = certify_command(results.definition.name, results.started_from)
    return f"We don't know yet whether {size.samples} images pick the same winner as more data. To check: {command}"


def certificate_sentence(metric: Metric, certificate: Certificate, verdict: SizeVerdict) -> str:
    """Return what was found about one size."""
    samples, reference = verdict.size.samples, certificate.reference.samples
    tau = f"Kendall's tau {verdict.tau:.2f}, at least {verdict.tau_low:.2f} (noise allows {certificate.ceiling:.2f})"
    if verdict.passes:
        return f"{samples} images rank the better half like {reference} do: {tau}; {cost_text(verdict.cost)}."
    smallest = certificate.smallest
    others = f"{smallest.size.samples} do" if smallest is not None else "nor does any other number that was tried"
    mean, most = (max(0.0, each) for each in (verdict.loss, verdict.loss_high))
    lost = f"{difference_words(metric, mean)} lost, at most {difference_text(metric, most)}"
    return f"{samples} images do not rank the better half like {reference} do: {tau}, {lost}; {others}."


def none_sentence(certificate: Certificate) -> str:
    """Return what is to say of the reference itself."""
    if certificate.smallest is not None:
        samples = certificate.smallest.size.samples
        return f"{samples} images already rank the better half like {certificate.reference.samples} do."
    largest = certificate.sizes[-1].size.samples
    return f"No number of images up to {largest} ranks the better half like {certificate.reference.samples} do."


def cost_text(cost: float) -> str:
    """Return a cost relative to the reference: `1/13 of the cost`, `83 % of the cost`, `the same cost`."""
    if cost >= 0.95:
        return "the same cost"
    return f"1/{round(1 / cost)} of the cost" if cost < 0.4 else f"{100 * cost:.0f} % of the cost"


def _chosen(results: StudyResults) -> str:
    if results.chosen is None:
        return ""
    if results.chosen["passed"]:
        return ' So the "auto" rounds took them.'
    return f' So the "auto" rounds took the largest number tried, {results.chosen["samples"]}.'
