-- Which batches tell of a study, so that a new file is compared with those alone and not with all that is held.
-- A study is known by 64 bits of a digest of its pseudonym: an accidental match costs a look and decides nothing.
-- One line per line of `predictions` and `outcomes`; it can be made anew from them.
CREATE TABLE study_keys (
    study UBIGINT NOT NULL,
    batch INTEGER NOT NULL
);

INSERT INTO study_keys
SELECT md5_number_lower(study), batch FROM predictions
UNION ALL
SELECT md5_number_lower(study), batch FROM outcomes;
