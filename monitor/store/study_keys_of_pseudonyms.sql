-- The keys of `study_keys` as they are made since: of a pseudonym its first 64 bits, which are a digest already.
DELETE FROM study_keys;

INSERT INTO study_keys
SELECT coalesce(
    CASE WHEN length(study) = 32 THEN TRY_CAST('0x' || left(study, 16) AS UBIGINT) END,
    md5_number_lower(study)
), batch
FROM (SELECT study, batch FROM predictions UNION ALL SELECT study, batch FROM outcomes);
