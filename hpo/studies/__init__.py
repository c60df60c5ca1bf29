"""The studies that come along, one TOML file each; `hpo studies` lists those in a database."""
