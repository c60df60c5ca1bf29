"""Whatever waits, fails or retries: the queue, the workers, the one that opens rounds, and who carries a trial."""
