"""One who leads a study, or a certificate: looks at its trials, does what follows from them, and may be followed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from sqlalchemy.exc import IntegrityError

from hpo.engine.lead import Lead
from hpo.record.study import StudyRecord
from hpo.record.trials import Trials
from hpo.storage.database import Database
from hpo.storage.holders import Holder
from hpo.storage.queue.leads import LostLeadError


class StudyLeader(ABC):
    """Moves what `record` is about forward, for as long as it has the lead.

    Every step derives from the database what comes next and is one transaction, in which nobody can take the lead over.
    So a leader may die, or be stopped for hours, at any point: whoever takes over goes on from the same place, with the
    same numbers, and the old one learns at its next write that it leads no more.
    """

    def __init__(
        self, database: Database, record: StudyRecord, announce: Callable[[str], None], holder: Holder | None
    ) -> None:
        self.trials = Trials(database, record)
        self.lead = Lead(database, record, holder)
        self.advanced = False
        """Whether the last step changed anything, so that workers have something to look for, and there may be more."""
        self.news = False
        """Whether the last look saw that another leader's study has moved on."""
        self._record, self._announce = record, announce

    @abstractmethod
    def _advance(self) -> bool:
        """Take one step forward, or return False if trials must be trained first."""

    def step(self) -> bool:
        """Do what can be done in one go, and say whether everything is done; another leader's study is left alone."""
        self.advanced = False
        self._look()
        if self._record.state == "done":
            self._show_again()
            return True
        try:
            if not self._leads():
                return False
            freed = self.lead.reap()
            for number in freed:
                self._announce(f"trial {number} lost its worker and is back in the queue")
            self.advanced = self._advance() or bool(freed)
        except LostLeadError:
            self.lead.lost()
        except IntegrityError:  # the answer to a write was lost, and it is there: seen at the next look
            self.advanced = True
        if self.advanced:
            self._record.refresh()
            self.trials.refresh()
        return self._record.state == "done"

    def release(self) -> None:
        """Give the lead back, so that another one need not wait for it to expire."""
        self.lead.release()

    def renew(self) -> None:
        """Say that this leader is alive."""
        self.lead.renew()

    def _look(self) -> None:
        if not self.lead.has():  # else nobody else writes into the record
            self._record.refresh()
        self.news = self.trials.refresh() and not self.lead.has()

    def _show_again(self) -> None:
        """Let Optuna's tables show what is done, where somebody deleted it there."""
        if not self.lead.is_shown() and self.lead.take():
            self.lead.show()
            self.lead.release()

    def _leads(self) -> bool:
        """Say whether this is who leads; who has just begun to looks at everything once more."""
        if self.lead.has():
            self.lead.keep_shown()
            return True
        if not self.lead.take():
            return False
        self.lead.show()
        self.trials.refresh()
        return True
