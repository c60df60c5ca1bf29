"""Databases of earlier versions, brought up to date, by the names and rules of their time and no others."""
