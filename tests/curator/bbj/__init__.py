"""Tests of the BBj checker."""
