-- What stays of rows that left the working database (`pccp archive`): their keys, so that a repeated row
-- is still known and a late outcome never waits, and counts. The rows themselves are in archive/.

-- A study is known by 64 bits of a digest of its pseudonym, a third of the room: two of ten million
-- studies of one place share them with a probability of one in 300,000.

-- Key: site, study, finding, model_version. `content` is a digest of patient, day and score.
CREATE TABLE archived_predictions (
    site VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    study UBIGINT NOT NULL,
    model_version VARCHAR NOT NULL,
    day DATE,
    cohort_end DATE,
    content UINTEGER NOT NULL
);

-- Key: site, study, finding, reader. What the latest revision said.
CREATE TABLE archived_outcomes (
    site VARCHAR,
    finding VARCHAR NOT NULL,
    study UBIGINT NOT NULL,
    reader_id VARCHAR,
    revision INTEGER NOT NULL,
    outcome TINYINT,
    observed_on DATE,
    label_source VARCHAR,
    label_version VARCHAR,
    ai_influence VARCHAR NOT NULL
);

-- One line per place, cohort and run of `pccp archive`.
CREATE TABLE archived_cohorts (
    site VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    cohort VARCHAR NOT NULL,
    cohort_end DATE NOT NULL,
    predictions BIGINT NOT NULL
);

-- A place's first scores, from which the bets of each new stream are set.
CREATE TABLE first_scores (
    site VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    day DATE,
    study VARCHAR NOT NULL,
    known_on DATE NOT NULL,
    score DOUBLE NOT NULL
);
