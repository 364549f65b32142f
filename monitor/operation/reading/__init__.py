"""What is read and never written: status, live calibrators, and where a study is."""
