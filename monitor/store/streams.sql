-- What the streams without a calibrator compare with, and what each night added to them.

-- The frozen reference of one feature at one place; how to read it: monitor/drift/frozen.py.
CREATE TABLE reference_features (
    site VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    feature VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,                -- continuous | categorical | rate
    edges DOUBLE[] NOT NULL,
    levels VARCHAR[] NOT NULL,
    counts BIGINT[] NOT NULL,             -- studies with each code
    patients BIGINT NOT NULL,
    probability DOUBLE[] NOT NULL         -- of each code of the score, by the calibrator then in use; else empty
);

-- One line per look of a stream: sums that add up over nights, and the evidence after the look.
CREATE TABLE mean_looks (
    site VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,              -- "arrivals" counts what came, with or without a reference
    epoch INTEGER NOT NULL,               -- restarts when a person closes an alarm
    night DATE NOT NULL,
    rows BIGINT NOT NULL,
    patients BIGINT NOT NULL,
    sums DOUBLE[] NOT NULL,               -- of each reading, a patient's rows averaged
    squares DOUBLE[] NOT NULL,
    log_r DOUBLE                          -- null while an alarm of the stream is open
);

-- The running state of each detector: one line per stream.
CREATE TABLE detector_states (
    site VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    epoch INTEGER NOT NULL,
    looks BIGINT NOT NULL,
    log_r DOUBLE[] NOT NULL
);
