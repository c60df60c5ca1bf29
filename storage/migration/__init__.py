"""Databases of earlier versions, brought up to date. It repeats the names and rules of their time, and reads no others."""
