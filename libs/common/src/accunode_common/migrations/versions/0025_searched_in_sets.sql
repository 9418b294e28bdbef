CREATE OR REPLACE FUNCTION credit.find_companies(words text[], parts text[], most bigint) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    -- Of the words that are not known to be in ten times as many names, the two rarest are looked up in the index, those
    -- of 64 scopes in one walk: a walk's cost grows by the square of its scopes, and each reads the list of new rows.
    -- What is found is compared with the scopes in ways that no index serves, or one would be walked for each scope.
    WITH readable AS MATERIALIZED (
        SELECT r.tenant_id, r.scope_id, right(r.scope_id::text, 6) AS mark, row_number() OVER () / 64 AS walk
        FROM credit.readable_scopes() r
    ), known AS MATERIALIZED (
        SELECT substr(l.word, 7) AS word, l.frequency FROM pg_stats s
        CROSS JOIN LATERAL unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) l (word, frequency)
        JOIN (SELECT DISTINCT mark FROM readable) r ON r.mark = left(l.word, 6)
        WHERE s.schemaname = 'credit' AND s.tablename = 'ix_companies_words'
    ), rare AS MATERIALIZED (
        SELECT w.word FROM unnest(find_companies.words) w (word)
        LEFT JOIN known k ON starts_with(k.word, w.word)
        GROUP BY w.word
        HAVING coalesce(sum(k.frequency), 0) * (SELECT reltuples FROM pg_class WHERE oid = 'credit.companies'::regclass)
            <= 10 * most
        ORDER BY coalesce(sum(k.frequency), 0), length(w.word) DESC LIMIT 2
    ), queries AS MATERIALIZED (
        SELECT r.tenant_id, array_agg(r.scope_id) AS scopes, string_agg('(' || s.words || ')', ' | ')::tsquery AS words
        FROM readable r CROSS JOIN LATERAL (
            SELECT string_agg('''' || r.mark || w.word || ''':*', ' & ') AS words FROM rare w
        ) s GROUP BY r.tenant_id, r.walk
    ), found AS (
        SELECT f.id FROM queries q CROSS JOIN LATERAL (
            SELECT c.id FROM credit.companies c
            WHERE array_to_tsvector(string_to_array(right(c.scope_id::text, 6) || replace(
                    regexp_replace(left(c.name_key, 400), '[!-/:-@[-`{-~]+', ' ', 'g'), ' ', ' ' || right(c.scope_id::text, 6)
                ), ' ')) @@ q.words
                AND c.tenant_id IS NOT DISTINCT FROM q.tenant_id AND array_position(q.scopes, c.scope_id) IS NOT NULL
                AND NOT EXISTS (
                    SELECT 1 FROM unnest(find_companies.words) w (word)
                    WHERE strpos(c.name_key, w.word) = 0 OR strpos(
                        ' ' || regexp_replace(left(c.name_key, 400), '[!-/:-@[-`{-~]+', ' ', 'g'), ' ' || w.word
                    ) = 0
                )
                AND NOT EXISTS (SELECT 1 FROM unnest(find_companies.parts) p (part) WHERE strpos(c.name_key, p.part) = 0)
            LIMIT most + 1
        ) f WHERE q.words IS NOT NULL LIMIT most + 1
    )
    SELECT CASE WHEN EXISTS (SELECT 1 FROM rare) AND count(f.id) <= most THEN coalesce(array_agg(f.id), '{}') END FROM found f
$$;
