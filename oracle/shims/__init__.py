"""Modules that stand in for others', so that programs written for those run here with one import changed."""
