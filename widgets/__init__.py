"""What shoppers see: one folder for each widget, found by itself; others import from here, never from a folder."""

from widgets.base import (
    Breach,
    Context,
    Figure,
    Gauge,
    Invariant,
    Missing,
    Processing,
    Subject,
    Surface,
    Widget,
)
from widgets.effects import FETCH_ORDER, REDERIVE, apply, change_settings, derive, merged
from widgets.lookups import Finding, Lookups
from widgets.paperwork import MINE, PANEL, art_30, policy
from widgets.personal import FOUND, erase, export, export_request, recall, subject
from widgets.processing import everything
from widgets.readable import readable_page
from widgets.registry import ALL, SECTIONS
from widgets.rehearsal import Preview, Scene, preview
from widgets.reports import Cell, Reading, Report, Sheet

__all__ = [
    "ALL",
    "FETCH_ORDER",
    "FOUND",
    "MINE",
    "PANEL",
    "REDERIVE",
    "SECTIONS",
    "Breach",
    "Cell",
    "Context",
    "Figure",
    "Finding",
    "Gauge",
    "Invariant",
    "Lookups",
    "Missing",
    "Preview",
    "Processing",
    "Reading",
    "Report",
    "Scene",
    "Sheet",
    "Subject",
    "Surface",
    "Widget",
    "apply",
    "art_30",
    "change_settings",
    "derive",
    "erase",
    "everything",
    "export",
    "export_request",
    "merged",
    "policy",
    "preview",
    "readable_page",
    "recall",
    "subject",
]
