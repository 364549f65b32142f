-- The store: what arrived, when it became known, and the running state of the streams.
--
-- It can be rebuilt from the archived batches and the ledger; it decides nothing. Identifiers of
-- patients and studies are keyed pseudonyms (32 hexadecimal characters), never the clear value.
-- Event tables carry no primary key: an index doubles their size and time, so keys are kept unique
-- by an anti-join inside the one transaction that stores a batch.
-- Nothing repeats in a pseudonym's characters: to compress them by what they are made of costs the least, and
-- an engine that is not told tries every way on all of them.

-- Facts about the store itself: one line per name.
CREATE TABLE meta (
    name VARCHAR PRIMARY KEY,
    value VARCHAR NOT NULL
);

-- One line per file taken in. `source_sha256` is of the bytes as delivered.
CREATE TABLE batches (
    batch INTEGER PRIMARY KEY,
    role VARCHAR NOT NULL,                -- predictions | outcomes
    source_sha256 VARCHAR NOT NULL UNIQUE,
    archive_sha256 VARCHAR,               -- null when no row was accepted
    received_on DATE NOT NULL,
    as_history BOOLEAN NOT NULL,          -- true: each row counts as known on its own day
    rows_read BIGINT NOT NULL,
    stored BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    revisions BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    waiting BIGINT NOT NULL,              -- outcomes without a prediction when they arrived
    blank_lines BIGINT NOT NULL,
    reasons VARCHAR NOT NULL,             -- JSON object: reason -> rows
    notes VARCHAR NOT NULL,               -- JSON object: note -> count
    CHECK (rows_read = stored + duplicates + revisions + rejected + waiting)
);

-- Key: site, study, finding, model_version. Never updated.
-- One column per covariate of the plan ("covariate_<name>") is added when the store is created.
CREATE TABLE predictions (
    site VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    study VARCHAR NOT NULL USING COMPRESSION zstd,
    patient VARCHAR NOT NULL USING COMPRESSION zstd,
    model_version VARCHAR NOT NULL,
    predicted_at TIMESTAMP,               -- local time of the plan's zone; null unless precision is second
    day DATE,                             -- local day; first day of a month; null in undated logs
    cohort VARCHAR NOT NULL,
    cohort_end DATE,                      -- last day of the cohort; null in undated logs
    known_on DATE NOT NULL,
    score DOUBLE NOT NULL,                -- raw model output in [0, 1]
    reader_decision VARCHAR,
    batch INTEGER NOT NULL,
    line BIGINT NOT NULL                  -- physical line (row number in Parquet)
);

-- Key: site, study, finding, reader. Every revision is kept; the highest number is the latest.
CREATE TABLE outcomes (
    site VARCHAR,                         -- null when the log has none and study ids are globally unique
    finding VARCHAR NOT NULL,
    study VARCHAR NOT NULL USING COMPRESSION zstd,
    outcome TINYINT,                      -- 1, 0, or null: indeterminate
    observed_on DATE,                     -- local day; last day of a month; null when the log has none
    known_on DATE NOT NULL,
    label_source VARCHAR,
    label_version VARCHAR,
    ai_influence VARCHAR NOT NULL,        -- blinded | aware | prefilled | unknown
    reader_id VARCHAR,
    revision INTEGER NOT NULL,            -- 1, 2, ... per key
    batch INTEGER NOT NULL,
    line BIGINT NOT NULL
);

-- One line per look of a stream: its evidence after that cohort.
CREATE TABLE stream_state (
    site VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    epoch INTEGER NOT NULL,               -- restarts at each change of the calibrator
    cohort VARCHAR NOT NULL,
    night DATE NOT NULL,
    rows BIGINT NOT NULL,
    positives BIGINT NOT NULL,            -- outcomes equal to 1 among them
    log_e DOUBLE[] NOT NULL,
    log_r DOUBLE[] NOT NULL,
    log_r_mixture DOUBLE NOT NULL
);

-- One line per place and mature cohort: enough to say when a change may be fitted or judged.
CREATE TABLE cohort_counts (
    site VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    cohort VARCHAR NOT NULL,
    cohort_end DATE,
    rows BIGINT NOT NULL,                 -- mature predictions
    known BIGINT NOT NULL,                -- of them with a usable outcome at maturity
    positives BIGINT NOT NULL             -- outcomes equal to 1 among the known
);

-- The last night that was finished: at most one line.
CREATE TABLE watermark (
    night DATE NOT NULL
);

-- Ledger lines that commit with the rows they describe and are then appended to the ledger file.
CREATE TABLE outbox (
    sequence BIGINT PRIMARY KEY,
    line VARCHAR NOT NULL,
    flushed BOOLEAN NOT NULL DEFAULT false
);
