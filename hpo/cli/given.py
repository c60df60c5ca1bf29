"""What workers are given to train with: by a study file, or by --trainer. A database gives them nothing."""

from __future__ import annotations

from pathlib import Path

from hpo.definition.trainers.calls import settled
from hpo.definition.trainers.functions import read_function
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.definition.trainers.programs import ProgramTrainer
from hpo.record.declared import DeclaredStudy
from hpo.training.given import Given
from hpo.training.programs.trainer import check_program


def given_by(declared: DeclaredStudy) -> Given | None:
    """Return the trainer that a study file gives to the workers; they need none for our networks.

    Raises UserError for a program that this machine cannot run.
    """
    trainer = declared.definition.trainer
    if isinstance(trainer, NetworkTrainer) or declared.folder is None:
        return None
    if isinstance(trainer, ProgramTrainer):
        check_program(trainer, declared.folder)
    return Given(trainer, declared.folder)


def study_and_given(study: str, trainer: str | None) -> tuple[str, Given | None]:
    """Return the name of the study that --study says, as a name or as its file, and what is given with it.

    --trainer names a function like [trainer] call, or a study file, whose trainer it is; paths in it start here. Raises
    UserError for what is wrong with either.
    """
    given = None
    if study.endswith(".toml"):
        declared = DeclaredStudy.load(study)
        study, given = declared.name, given_by(declared)
    if trainer is None:
        return study, given
    if trainer.endswith(".toml"):
        return study, given_by(DeclaredStudy.load(trainer))
    return study, function_given(trainer)


def function_given(call: str) -> Given:
    """Return the function that --trainer names like [trainer] call. Raises UserError where there is none."""
    return Given(read_function(settled({"call": call}, Path().absolute())), Path().absolute())
