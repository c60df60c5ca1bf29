"""The table of a certificate."""

from __future__ import annotations

import pandas as pd

from hpo.certificate.ranking import Certificate


def certificate_table(certificate: Certificate) -> pd.DataFrame:
    """Return a row for each size, the reference last.

    samples              int      training images
    epochs               int      as many updates on every size
    cost                 float    of a trial, in trained samples, relative to the reference
    tau                  float    Kendall's tau-b with the reference over the better half; the reference's own ceiling
    tau_low              float    its 90 % lower bound; empty for the reference
    loss                 float    accuracy (0..1), or what the metric's unit is, lost by taking this size's best config
    loss_high            float    its 90 % upper bound
    passes               bool     whether a search may train on it; empty for the reference
    """
    rows = [
        {
            "samples": each.size.samples,
            "epochs": each.size.epochs,
            "cost": each.cost,
            "tau": each.tau,
            "tau_low": each.tau_low,
            "loss": each.loss,
            "loss_high": each.loss_high,
            "passes": each.passes,
        }
        for each in certificate.sizes
    ]
    reference = certificate.reference
    rows.append({"samples": reference.samples, "epochs": reference.epochs, "cost": 1.0, "tau": certificate.ceiling})
    return pd.DataFrame(rows)
