"""Advice about placement: rules on the operations of a program, one row a rule."""
