"""Who says whether code is BBj: one `Verdict` from bbjcpl, from a running BBjServices, or from the built-in checker."""
