-- Which earlier batches hold a row about a study of a batch, so that the outcomes of a cohort are looked for where
-- they can be. A link too many costs a look; it can be made anew from `study_keys`.
CREATE TABLE batch_links (
    batch INTEGER NOT NULL,
    earlier INTEGER NOT NULL
);

INSERT INTO batch_links
SELECT DISTINCT k.batch, e.batch
FROM study_keys k JOIN study_keys e ON e.study = k.study AND e.batch < k.batch;
