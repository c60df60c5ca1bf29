"""Optuna's storage, in which one study that cannot be read does not hide all the others."""

from __future__ import annotations

from typing import Any

from optuna.storages import RDBStorage
from optuna.study._frozen import FrozenStudy
from sqlalchemy import column, select, table

DAMAGED = (LookupError, TypeError, ValueError, RecursionError)
"""What Optuna raises for a direction that there is not, or an attribute that is no JSON."""


class ForgivingStorage(RDBStorage):
    """Optuna's storage; it lists the studies that it can read where it cannot read all of them."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Open it; where that cannot be, its connections are given back before it is tried again."""
        try:
            super().__init__(*arguments, **options)
        except BaseException:
            if hasattr(self, "engine"):
                self.engine.dispose()
            raise

    def get_all_studies(self) -> list[FrozenStudy]:
        """Return every study that can be read, in the order in which they were made."""
        try:
            return super().get_all_studies()
        except DAMAGED:
            return self._one_by_one()

    def _one_by_one(self) -> list[FrozenStudy]:
        studies = table("studies", column("study_id"), column("study_name"))
        with self.engine.begin() as connection:
            rows = connection.execute(select(studies).order_by(studies.c.study_id)).all()
        found = []
        for number, name in rows:
            try:
                found.append(
                    FrozenStudy(
                        study_name=name,
                        direction=None,
                        directions=self.get_study_directions(number),
                        user_attrs=self.get_study_user_attrs(number),
                        system_attrs=self.get_study_system_attrs(number),
                        study_id=number,
                    )
                )
            except DAMAGED:
                continue
        return found
