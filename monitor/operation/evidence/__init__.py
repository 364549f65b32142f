"""Everything derived a second time: verification of a finished ledger, and a lost database made again."""
