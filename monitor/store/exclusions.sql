-- Studies of the prediction log that were excluded, before the device scored them or after. No night, fit or
-- verdict reads them; they are kept to say how many there are, why, and whom they leave out.

-- Key: site, study, finding, model_version. Never updated, and never taken out by `pccp archive`.
-- The columns of `predictions` and one more; a study that was scored and then excluded is in both.
CREATE TABLE exclusions (
    site VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    study VARCHAR NOT NULL,
    patient VARCHAR NOT NULL,
    model_version VARCHAR NOT NULL,
    predicted_at TIMESTAMP,
    day DATE,
    cohort VARCHAR NOT NULL,
    cohort_end DATE,
    known_on DATE NOT NULL,
    score DOUBLE,                         -- null when excluded before scoring
    reader_decision VARCHAR,
    reason VARCHAR NOT NULL,              -- a label, as the log gave it
    batch INTEGER NOT NULL,
    line BIGINT NOT NULL
);
