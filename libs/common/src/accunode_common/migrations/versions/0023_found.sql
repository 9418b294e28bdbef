CREATE FUNCTION credit.readable_scopes() RETURNS TABLE (tenant_id uuid, scope_id uuid, access_level text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10
AS $$
    -- Whose records the caller sees, by the settings that the policies of records read.
    WITH caller AS (
        SELECT nullif(current_setting('app.tenant_id', true), '')::uuid AS tenant_id,
            nullif(current_setting('app.user_id', true), '')::uuid AS user_id,
            nullif(current_setting('app.organization_id', true), '')::uuid AS organization_id,
            nullif(current_setting('app.read_reach', true), '') AS reach
    )
    SELECT c.tenant_id, c.user_id, 'personal' FROM caller c WHERE c.tenant_id IS NOT NULL AND c.user_id IS NOT NULL
    UNION ALL
    SELECT o.tenant_id, o.id, 'organization' FROM caller c
    JOIN tenancy.organizations o ON o.tenant_id = c.tenant_id AND (o.id = c.organization_id OR c.reach = 'tenant')
    UNION ALL
    SELECT p.id, p.id, 'system' FROM caller c CROSS JOIN (SELECT '00000000-0000-7000-8000-000000000001'::uuid) p (id)
    WHERE c.reach = 'platform' OR EXISTS (
        SELECT 1 FROM tenancy.organizations o
        WHERE o.tenant_id = c.tenant_id AND o.id = c.organization_id AND o.global_data_access
    )
$$;
REVOKE ALL ON FUNCTION credit.readable_scopes() FROM PUBLIC;

CREATE FUNCTION credit.find_companies(words text[], parts text[], most bigint) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    -- Of the words that are not known to be in ten times as many names, the two rarest are looked up in the index, those
    -- of each scope in one walk; the names found tell the rest.
    WITH readable AS MATERIALIZED (SELECT r.tenant_id, r.scope_id FROM credit.readable_scopes() r), known AS MATERIALIZED (
        SELECT l.word, l.frequency FROM pg_stats s
        CROSS JOIN LATERAL unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) l (word, frequency)
        WHERE s.schemaname = 'credit' AND s.tablename = 'ix_companies_words'
    ), rare AS MATERIALIZED (
        SELECT w.word FROM unnest(find_companies.words) w (word)
        LEFT JOIN readable r ON true LEFT JOIN known k ON starts_with(k.word, right(r.scope_id::text, 6) || w.word)
        GROUP BY w.word
        HAVING coalesce(sum(k.frequency), 0) * (SELECT reltuples FROM pg_class WHERE oid = 'credit.companies'::regclass)
            <= 10 * most
        ORDER BY coalesce(sum(k.frequency), 0), length(w.word) DESC LIMIT 2
    ), query AS MATERIALIZED (
        SELECT string_agg('(' || s.words || ')', ' | ')::tsquery AS words FROM readable r CROSS JOIN LATERAL (
            SELECT string_agg('''' || right(r.scope_id::text, 6) || w.word || ''':*', ' & ') AS words FROM rare w
        ) s
    )
    SELECT CASE WHEN bool_and(q.words IS NOT NULL) AND count(f.id) <= most
        THEN coalesce(array_agg(f.id) FILTER (WHERE f.id IS NOT NULL), '{}') END
    FROM query q LEFT JOIN LATERAL (
        SELECT c.id FROM credit.companies c
        WHERE array_to_tsvector(string_to_array(right(c.scope_id::text, 6) || replace(
                regexp_replace(left(c.name_key, 400), '[!-/:-@[-`{-~]+', ' ', 'g'), ' ', ' ' || right(c.scope_id::text, 6)
            ), ' ')) @@ q.words
            AND EXISTS (SELECT 1 FROM readable r WHERE r.tenant_id = c.tenant_id AND r.scope_id = c.scope_id)
            AND NOT EXISTS (
                SELECT 1 FROM unnest(find_companies.words) w (word)
                WHERE strpos(c.name_key, w.word) = 0 OR strpos(
                    ' ' || regexp_replace(left(c.name_key, 400), '[!-/:-@[-`{-~]+', ' ', 'g'), ' ' || w.word
                ) = 0
            )
            AND NOT EXISTS (SELECT 1 FROM unnest(find_companies.parts) p (part) WHERE strpos(c.name_key, p.part) = 0)
        LIMIT most + 1
    ) f ON true
$$;
REVOKE ALL ON FUNCTION credit.find_companies(text[], text[], bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credit.find_companies(text[], text[], bigint) TO accunode_predictions;

CREATE FUNCTION credit.count_companies(scopes uuid[]) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT count(*) FROM credit.readable_scopes() r
    JOIN credit.companies c ON c.tenant_id = r.tenant_id AND c.scope_id = r.scope_id
    WHERE r.scope_id = ANY (count_companies.scopes)
$$;
REVOKE ALL ON FUNCTION credit.count_companies(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credit.count_companies(uuid[]) TO accunode_predictions;

CREATE FUNCTION credit.probabilities(kind text, is_newest boolean, first_band integer, last_band integer)
RETURNS SETOF double precision
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10000
AS $$
    -- The indexes by band hold all that is asked: the rows, of which there are many in a band, are not read.
    SELECT p.pd FROM credit.readable_scopes() r
    JOIN credit.predictions p ON p.tenant_id = r.tenant_id AND p.scope_id = r.scope_id
    WHERE NOT probabilities.is_newest AND r.access_level <> 'system' AND p.kind = probabilities.kind
        AND p.pd_band BETWEEN first_band AND last_band
    UNION ALL
    SELECT n.pd FROM credit.readable_scopes() r
    JOIN credit.newest_predictions n ON n.tenant_id = r.tenant_id AND n.scope_id = r.scope_id
    WHERE probabilities.is_newest AND r.access_level <> 'system' AND n.kind = probabilities.kind
        AND n.pd_band BETWEEN first_band AND last_band
$$;
REVOKE ALL ON FUNCTION credit.probabilities(text, boolean, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credit.probabilities(text, boolean, integer, integer) TO accunode_predictions;
