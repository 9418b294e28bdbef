CREATE POLICY removes_all ON credit.predictions FOR DELETE TO accunode_migrator USING (true);

CREATE FUNCTION credit.keep_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    has_none boolean;
    is_anothers boolean;
    tenants uuid[];
    companies uuid[];
    kinds text[];
BEGIN
    IF NOT EXISTS (SELECT 1 FROM added) THEN
        RETURN NULL;
    END IF;
    -- Each company is looked at once, row by row (OFFSET 0): a plan made for many rows would read all for one.
    WITH looked AS MATERIALIZED (
        SELECT a.tenant_id, a.id, a.company_id, a.kind, a.access_level, a.scope_id, a.fiscal_year, a.fiscal_quarter,
            a.pd, a.pd_band, a.grade, a.risk_level, c.sector, c.scope_id AS owner_id
        FROM added a LEFT JOIN LATERAL (
            -- Whoever deletes the company waits for this transaction, and then removes its rows.
            SELECT c.sector, c.scope_id FROM credit.companies c WHERE c.tenant_id = a.tenant_id AND c.id = a.company_id
            OFFSET 0 FOR KEY SHARE
        ) c ON true
    ), placed AS (
        -- Where a company has none of the kind yet, all that it has are here. Whoever adds another meanwhile waits.
        INSERT INTO credit.newest_predictions (tenant_id, company_id, kind, access_level, scope_id, prediction_id,
            fiscal_year, fiscal_quarter, pd, pd_band, pd_change, grade, risk_level)
        SELECT r.tenant_id, r.company_id, r.kind, r.access_level, r.scope_id, r.id, r.fiscal_year, r.fiscal_quarter,
            r.pd, r.pd_band, r.pd - r.pd_before, r.grade, r.risk_level
        FROM (
            SELECT l.*, row_number() OVER periods AS place, lead(l.pd) OVER periods AS pd_before FROM looked l
            WINDOW periods AS (
                PARTITION BY l.company_id, l.kind, l.tenant_id ORDER BY l.fiscal_year DESC, l.fiscal_quarter DESC
            )
        ) r WHERE r.place = 1
        ON CONFLICT (tenant_id, company_id, kind) DO NOTHING
        RETURNING tenant_id, company_id, kind, prediction_id
    ), marked AS MATERIALIZED (
        SELECT l.*, p.company_id IS NULL AS is_later, p.prediction_id IS NOT DISTINCT FROM l.id AS is_newest
        FROM looked l LEFT JOIN placed p
            ON p.tenant_id = l.tenant_id AND p.company_id = l.company_id AND p.kind = l.kind
    ), sectors AS (
        INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
            sector, risk_level, grade, is_newest, predictions, pd_sum)
        SELECT s.tenant_id, s.access_level, s.scope_id, s.kind, s.fiscal_year, s.fiscal_quarter, s.sector,
            s.risk_level, s.grade, n.is_newest, n.predictions, n.pd_sum
        FROM (
            SELECT m.tenant_id, m.access_level, m.scope_id, m.kind, m.fiscal_year, m.fiscal_quarter, m.sector,
                m.risk_level, m.grade, count(*) AS predictions, sum(m.pd_numeric) AS pd_sum,
                count(*) FILTER (WHERE m.is_newest) AS newest, sum(m.pd_numeric) FILTER (WHERE m.is_newest) AS newest_sum
            FROM (SELECT *, pd::numeric AS pd_numeric FROM marked OFFSET 0) m GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
        ) s CROSS JOIN LATERAL (
            VALUES (false, s.predictions, s.pd_sum), (true, s.newest, s.newest_sum)
        ) n (is_newest, predictions, pd_sum) WHERE n.predictions > 0
    ), bands AS (
        INSERT INTO credit.pd_counts (tenant_id, access_level, scope_id, kind, is_newest, pd_band, predictions)
        SELECT b.tenant_id, b.access_level, b.scope_id, b.kind, n.is_newest, b.pd_band, n.predictions
        FROM (
            SELECT m.tenant_id, m.access_level, m.scope_id, m.kind, m.pd_band, count(*) AS predictions,
                count(*) FILTER (WHERE m.is_newest) AS newest
            FROM marked m GROUP BY 1, 2, 3, 4, 5
        ) b CROSS JOIN LATERAL (VALUES (false, b.predictions), (true, b.newest)) n (is_newest, predictions)
        WHERE n.predictions > 0
    )
    SELECT bool_or(m.owner_id IS NULL), bool_or(m.owner_id <> m.scope_id),
        array_agg(m.tenant_id) FILTER (WHERE m.is_later), array_agg(m.company_id) FILTER (WHERE m.is_later),
        array_agg(m.kind) FILTER (WHERE m.is_later)
    INTO has_none, is_anothers, tenants, companies, kinds FROM marked m;
    IF has_none THEN
        RAISE foreign_key_violation USING MESSAGE = 'a prediction is about a company that is not there';
    ELSIF is_anothers THEN
        RAISE insufficient_privilege USING MESSAGE = 'a prediction has another owner than its company';
    END IF;
    IF tenants IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(g.tenant_id), array_agg(g.company_id), array_agg(g.kind) INTO tenants, companies, kinds
    FROM (
        SELECT DISTINCT a.tenant_id, a.company_id, a.kind
        FROM unnest(tenants, companies, kinds) a (tenant_id, company_id, kind)
    ) g;
    WHILE credit.choose_newest(tenants, companies, kinds) < cardinality(tenants) LOOP
        -- Who deleted all others meanwhile deleted their newest too, not knowing of what is added here.
        WITH placed AS (
            INSERT INTO credit.newest_predictions (tenant_id, company_id, kind, access_level, scope_id, prediction_id,
                fiscal_year, fiscal_quarter, pd, pd_band, grade, risk_level)
            SELECT DISTINCT ON (a.company_id, a.kind, a.tenant_id) a.tenant_id, a.company_id, a.kind, a.access_level,
                a.scope_id, a.id, a.fiscal_year, a.fiscal_quarter, a.pd, a.pd_band, a.grade, a.risk_level
            FROM added a JOIN unnest(tenants, companies, kinds) g (tenant_id, company_id, kind)
                ON g.tenant_id = a.tenant_id AND g.company_id = a.company_id AND g.kind = a.kind
            ORDER BY a.company_id, a.kind, a.tenant_id, a.fiscal_year DESC, a.fiscal_quarter DESC
            ON CONFLICT (tenant_id, company_id, kind) DO NOTHING
            RETURNING *
        ), bands AS (
            INSERT INTO credit.pd_counts (tenant_id, access_level, scope_id, kind, is_newest, pd_band, predictions)
            SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, true, p.pd_band, count(*)
            FROM placed p GROUP BY 1, 2, 3, 4, 6
        )
        INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
            sector, risk_level, grade, is_newest, predictions, pd_sum)
        SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, c.sector,
            p.risk_level, p.grade, true, count(*), sum(p.pd::numeric)
        FROM placed p CROSS JOIN LATERAL (
            SELECT c.sector FROM credit.companies c WHERE c.tenant_id = p.tenant_id AND c.id = p.company_id OFFSET 0
        ) c GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
    END LOOP;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION credit.keep_added() FROM PUBLIC;

CREATE FUNCTION credit.remove_predictions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM credit.predictions p WHERE p.tenant_id = OLD.tenant_id AND p.company_id = OLD.id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION credit.remove_predictions() FROM PUBLIC;

CREATE TRIGGER keep_added AFTER INSERT ON credit.predictions
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION credit.keep_added();
CREATE TRIGGER remove_predictions AFTER DELETE ON credit.companies
    FOR EACH ROW EXECUTE FUNCTION credit.remove_predictions();
