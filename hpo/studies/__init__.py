"""The studies that come along, one TOML file each; `python -m hpo.studies` lists those in a database."""
