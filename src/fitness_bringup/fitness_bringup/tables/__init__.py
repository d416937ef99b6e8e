"""Tables for a terminal and for a page, and pages that need nothing else."""
