"""What people decide: approvals, refusals, closures, rollbacks, amendments; each signed and on record."""
