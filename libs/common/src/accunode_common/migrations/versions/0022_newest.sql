CREATE POLICY counts_all ON credit.newest_predictions FOR ALL TO accunode_migrator USING (true) WITH CHECK (true);
ALTER TABLE credit.newest_predictions ENABLE ROW LEVEL SECURITY;
ALTER TABLE credit.newest_predictions FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON credit.newest_predictions FOR SELECT USING (
    (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal'
        and scope_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization'
        and (scope_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)
            or (select nullif(current_setting('app.read_reach', true), '')) = 'tenant'))
    or (access_level = 'system' and ((select nullif(current_setting('app.read_reach', true), '')) = 'platform'
        or (select exists (
            select 1 from tenancy.organizations o
            where o.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)
                and o.id = (select nullif(current_setting('app.organization_id', true), '')::uuid)
                and o.global_data_access))))
);
GRANT SELECT ON credit.newest_predictions TO accunode_predictions, accunode_worker;

ALTER TABLE credit.pd_counts ENABLE ROW LEVEL SECURITY;
ALTER TABLE credit.pd_counts FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON credit.pd_counts FOR SELECT TO accunode_predictions USING (
    (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal'
        and scope_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization'
        and (scope_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)
            or (select nullif(current_setting('app.read_reach', true), '')) = 'tenant'))
);
CREATE POLICY counts_all ON credit.pd_counts FOR ALL TO accunode_migrator USING (true) WITH CHECK (true);
CREATE POLICY relays ON credit.pd_counts FOR ALL TO accunode_relay USING (true) WITH CHECK (true);
GRANT SELECT ON credit.pd_counts TO accunode_predictions;
GRANT SELECT, INSERT, DELETE ON credit.pd_counts TO accunode_relay;

CREATE FUNCTION credit.choose_newest(tenants uuid[], companies uuid[], kinds text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    found bigint;
BEGIN
    -- Who chooses among a company's predictions sees all that were added, changed or deleted before.
    PERFORM 1 FROM credit.newest_predictions n
    JOIN unnest(tenants, companies, kinds) g (tenant_id, company_id, kind)
        ON n.tenant_id = g.tenant_id AND n.company_id = g.company_id AND n.kind = g.kind
    ORDER BY n.tenant_id, n.company_id, n.kind FOR UPDATE OF n;
    GET DIAGNOSTICS found = ROW_COUNT;
    UPDATE credit.newest_predictions n SET prediction_id = p.id, fiscal_year = p.fiscal_year,
        fiscal_quarter = p.fiscal_quarter, pd = p.pd, pd_band = p.pd_band, pd_change = p.pd - b.pd, grade = p.grade,
        risk_level = p.risk_level
    FROM unnest(tenants, companies, kinds) g (tenant_id, company_id, kind) CROSS JOIN LATERAL (
        SELECT * FROM credit.predictions p
        WHERE p.tenant_id = g.tenant_id AND p.company_id = g.company_id AND p.kind = g.kind
        ORDER BY p.fiscal_year DESC, p.fiscal_quarter DESC LIMIT 1
    ) p LEFT JOIN LATERAL (
        SELECT b.pd FROM credit.predictions b
        WHERE b.tenant_id = g.tenant_id AND b.company_id = g.company_id AND b.kind = g.kind
        ORDER BY b.fiscal_year DESC, b.fiscal_quarter DESC OFFSET 1 LIMIT 1
    ) b ON true
    WHERE n.tenant_id = g.tenant_id AND n.company_id = g.company_id AND n.kind = g.kind
        AND (n.prediction_id, n.pd, n.pd_change, n.grade, n.risk_level)
            IS DISTINCT FROM (p.id, p.pd, p.pd - b.pd, p.grade, p.risk_level);
    DELETE FROM credit.newest_predictions n
    USING unnest(tenants, companies, kinds) g (tenant_id, company_id, kind)
    WHERE n.tenant_id = g.tenant_id AND n.company_id = g.company_id AND n.kind = g.kind AND NOT EXISTS (
        SELECT 1 FROM credit.predictions p
        WHERE p.tenant_id = g.tenant_id AND p.company_id = g.company_id AND p.kind = g.kind
    );
    RETURN found;
END
$$;
REVOKE ALL ON FUNCTION credit.choose_newest(uuid[], uuid[], text[]) FROM PUBLIC;

CREATE FUNCTION credit.keep_newest() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    placed bigint;
    found bigint;
    tenants uuid[];
    companies uuid[];
    kinds text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        LOOP
            -- The first of its company and kind is its newest; whoever adds another at the same time waits here.
            INSERT INTO credit.newest_predictions (tenant_id, company_id, kind, access_level, scope_id, prediction_id,
                fiscal_year, fiscal_quarter, pd, pd_band, grade, risk_level)
            SELECT DISTINCT ON (c.tenant_id, c.company_id, c.kind) c.tenant_id, c.company_id, c.kind, c.access_level,
                c.scope_id, c.id, c.fiscal_year, c.fiscal_quarter, c.pd, c.pd_band, c.grade, c.risk_level
            FROM changed c ORDER BY c.tenant_id, c.company_id, c.kind, c.fiscal_year DESC, c.fiscal_quarter DESC
            ON CONFLICT (tenant_id, company_id, kind) DO NOTHING;
            GET DIAGNOSTICS placed = ROW_COUNT;
            IF placed = (SELECT count(*) FROM changed) THEN
                RETURN NULL;
            END IF;
            SELECT array_agg(g.tenant_id), array_agg(g.company_id), array_agg(g.kind) INTO tenants, companies, kinds
            FROM (
                SELECT DISTINCT c.tenant_id, c.company_id, c.kind FROM changed c WHERE NOT EXISTS (
                    SELECT 1 FROM credit.newest_predictions n
                    WHERE n.tenant_id = c.tenant_id AND n.company_id = c.company_id AND n.kind = c.kind
                        AND n.prediction_id = c.id
                )
            ) g;
            EXIT WHEN tenants IS NULL;
            found := credit.choose_newest(tenants, companies, kinds);
            -- Who deleted all others meanwhile deleted their newest too, not knowing of what is added here.
            EXIT WHEN found = cardinality(tenants);
        END LOOP;
        RETURN NULL;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(g.tenant_id), array_agg(g.company_id), array_agg(g.kind) INTO tenants, companies, kinds
        FROM (SELECT DISTINCT c.tenant_id, c.company_id, c.kind FROM changed c) g;
    ELSE
        SELECT array_agg(g.tenant_id), array_agg(g.company_id), array_agg(g.kind) INTO tenants, companies, kinds
        FROM (
            SELECT DISTINCT c.tenant_id, c.company_id, c.kind
            FROM changed c JOIN former f ON f.tenant_id = c.tenant_id AND f.id = c.id
            WHERE (c.pd, c.grade, c.risk_level) IS DISTINCT FROM (f.pd, f.grade, f.risk_level)
        ) g;
    END IF;
    IF tenants IS NOT NULL THEN
        PERFORM credit.choose_newest(tenants, companies, kinds);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION credit.keep_newest() FROM PUBLIC;

CREATE FUNCTION credit.count_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    newest boolean := TG_TABLE_NAME = 'newest_predictions';
BEGIN
    -- The sector is looked up row by row (OFFSET 0): a plan made for many rows would read all companies for one.
    -- Those of a deleted company are not found here: they were counted before it went.
    IF TG_OP = 'INSERT' THEN
        WITH sectors AS (
            INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
                sector, risk_level, grade, is_newest, predictions, pd_sum)
            SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, c.sector,
                p.risk_level, p.grade, newest, count(*), sum(p.pd::numeric)
            FROM added p CROSS JOIN LATERAL (
                SELECT c.sector FROM credit.companies c WHERE c.tenant_id = p.tenant_id AND c.id = p.company_id OFFSET 0
            ) c GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
        )
        INSERT INTO credit.pd_counts (tenant_id, access_level, scope_id, kind, is_newest, pd_band, predictions)
        SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, newest, p.pd_band, count(*)
        FROM added p GROUP BY 1, 2, 3, 4, 6;
    ELSIF TG_OP = 'DELETE' THEN
        WITH sectors AS (
            INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
                sector, risk_level, grade, is_newest, predictions, pd_sum)
            SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, c.sector,
                p.risk_level, p.grade, newest, -count(*), -sum(p.pd::numeric)
            FROM removed p CROSS JOIN LATERAL (
                SELECT c.sector FROM credit.companies c WHERE c.tenant_id = p.tenant_id AND c.id = p.company_id OFFSET 0
            ) c GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
        )
        INSERT INTO credit.pd_counts (tenant_id, access_level, scope_id, kind, is_newest, pd_band, predictions)
        SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, newest, p.pd_band, -count(*)
        FROM removed p GROUP BY 1, 2, 3, 4, 6;
    ELSE
        WITH changed AS MATERIALIZED (
            SELECT e.tenant_id, e.company_id, e.access_level, e.scope_id, e.kind, e.fiscal_year, e.fiscal_quarter,
                e.risk_level, e.grade, e.pd, e.pd_band, sum(e.sign) AS sign
            FROM (SELECT *, 1 AS sign FROM added UNION ALL SELECT *, -1 FROM removed) e
            GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 HAVING sum(e.sign) <> 0
        ), sectors AS (
            INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
                sector, risk_level, grade, is_newest, predictions, pd_sum)
            SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, c.sector,
                p.risk_level, p.grade, newest, sum(p.sign), sum(p.sign * p.pd::numeric)
            FROM changed p CROSS JOIN LATERAL (
                SELECT c.sector FROM credit.companies c WHERE c.tenant_id = p.tenant_id AND c.id = p.company_id OFFSET 0
            ) c GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
            HAVING sum(p.sign) <> 0 OR sum(p.sign * p.pd::numeric) <> 0
        )
        INSERT INTO credit.pd_counts (tenant_id, access_level, scope_id, kind, is_newest, pd_band, predictions)
        SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, newest, p.pd_band, sum(p.sign)
        FROM changed p GROUP BY 1, 2, 3, 4, 6 HAVING sum(p.sign) <> 0;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION credit.count_changes() FROM PUBLIC;

CREATE FUNCTION credit.count_of_company() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    -- Nobody adds, changes or deletes a prediction of the company from here to the end of the transaction.
    PERFORM 1 FROM credit.companies c WHERE c.tenant_id = OLD.tenant_id AND c.id = OLD.id FOR UPDATE;
    PERFORM 1 FROM credit.predictions p WHERE p.tenant_id = OLD.tenant_id AND p.company_id = OLD.id FOR UPDATE;
    INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
        sector, risk_level, grade, is_newest, predictions, pd_sum)
    SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, m.sector,
        p.risk_level, p.grade, p.is_newest, m.sign * count(*), m.sign * sum(p.pd::numeric)
    FROM (
        SELECT tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter, risk_level, grade, pd, false
        FROM credit.predictions WHERE tenant_id = OLD.tenant_id AND company_id = OLD.id
        UNION ALL
        SELECT tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter, risk_level, grade, pd, true
        FROM credit.newest_predictions WHERE tenant_id = OLD.tenant_id AND company_id = OLD.id
    ) p (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter, risk_level, grade, pd, is_newest)
    CROSS JOIN LATERAL (
        SELECT OLD.sector, -1 UNION ALL SELECT NEW.sector, 1 WHERE TG_OP = 'UPDATE'
    ) m (sector, sign)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, m.sign;
    RETURN CASE TG_OP WHEN 'UPDATE' THEN NEW ELSE OLD END;
END
$$;
REVOKE ALL ON FUNCTION credit.count_of_company() FROM PUBLIC;

CREATE FUNCTION credit.repair_counts() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    -- One statement, so one view of rows and counts: nobody has to wait.
    WITH counted AS (
        SELECT tenant_id, company_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter, risk_level, grade, pd,
            pd_band, false AS is_newest FROM credit.predictions
        UNION ALL
        SELECT tenant_id, company_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter, risk_level, grade, pd,
            pd_band, true FROM credit.newest_predictions
    ), repaired AS (
        INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
            sector, risk_level, grade, is_newest, predictions, pd_sum)
        SELECT e.tenant_id, e.access_level, e.scope_id, e.kind, e.fiscal_year, e.fiscal_quarter, e.sector,
            e.risk_level, e.grade, e.is_newest, sum(e.predictions), sum(e.pd_sum)
        FROM (
            SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, c.sector,
                p.risk_level, p.grade, p.is_newest, count(*) AS predictions, sum(p.pd::numeric) AS pd_sum
            FROM counted p
            JOIN credit.companies c ON c.tenant_id = p.tenant_id AND c.id = p.company_id
            GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
            UNION ALL
            SELECT n.tenant_id, n.access_level, n.scope_id, n.kind, n.fiscal_year, n.fiscal_quarter, n.sector,
                n.risk_level, n.grade, n.is_newest, -n.predictions, -n.pd_sum
            FROM credit.prediction_counts n
        ) e GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
        HAVING sum(e.predictions) <> 0 OR sum(e.pd_sum) <> 0
        RETURNING 1
    ), repaired_bands AS (
        INSERT INTO credit.pd_counts (tenant_id, access_level, scope_id, kind, is_newest, pd_band, predictions)
        SELECT e.tenant_id, e.access_level, e.scope_id, e.kind, e.is_newest, e.pd_band, sum(e.predictions)
        FROM (
            SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.is_newest, p.pd_band, count(*) AS predictions
            FROM counted p GROUP BY 1, 2, 3, 4, 5, 6
            UNION ALL
            SELECT n.tenant_id, n.access_level, n.scope_id, n.kind, n.is_newest, n.pd_band, -n.predictions
            FROM credit.pd_counts n
        ) e GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(e.predictions) <> 0
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM repaired) + (SELECT count(*) FROM repaired_bands)
$$;
REVOKE ALL ON FUNCTION credit.repair_counts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credit.repair_counts() TO accunode_relay;

INSERT INTO credit.newest_predictions (tenant_id, company_id, kind, access_level, scope_id, prediction_id, fiscal_year,
    fiscal_quarter, pd, pd_band, pd_change, grade, risk_level)
SELECT DISTINCT ON (p.tenant_id, p.company_id, p.kind) p.tenant_id, p.company_id, p.kind, p.access_level, p.scope_id,
    p.id, p.fiscal_year, p.fiscal_quarter, p.pd, p.pd_band, p.pd - lead(p.pd) OVER (
        PARTITION BY p.tenant_id, p.company_id, p.kind ORDER BY p.fiscal_year DESC, p.fiscal_quarter DESC
    ), p.grade, p.risk_level
FROM credit.predictions p
ORDER BY p.tenant_id, p.company_id, p.kind, p.fiscal_year DESC, p.fiscal_quarter DESC;
SELECT credit.repair_counts();

CREATE TRIGGER keep_newest_added AFTER INSERT ON credit.predictions
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION credit.keep_newest();
CREATE TRIGGER keep_newest_removed AFTER DELETE ON credit.predictions
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION credit.keep_newest();
CREATE TRIGGER keep_newest_changed AFTER UPDATE ON credit.predictions
    REFERENCING NEW TABLE AS changed OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION credit.keep_newest();
CREATE TRIGGER count_added AFTER INSERT ON credit.predictions
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION credit.count_changes();
CREATE TRIGGER count_removed AFTER DELETE ON credit.predictions
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION credit.count_changes();
CREATE TRIGGER count_changed AFTER UPDATE ON credit.predictions
    REFERENCING NEW TABLE AS added OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION credit.count_changes();
CREATE TRIGGER count_added AFTER INSERT ON credit.newest_predictions
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION credit.count_changes();
CREATE TRIGGER count_removed AFTER DELETE ON credit.newest_predictions
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION credit.count_changes();
CREATE TRIGGER count_changed AFTER UPDATE ON credit.newest_predictions
    REFERENCING NEW TABLE AS added OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION credit.count_changes();
-- Another name changes no count; that something was appended tells who keeps what they made of the counts.
CREATE TRIGGER count_moved BEFORE UPDATE OF sector, name, symbol ON credit.companies
    FOR EACH ROW WHEN ((OLD.sector, OLD.name, OLD.symbol) IS DISTINCT FROM (NEW.sector, NEW.name, NEW.symbol)) EXECUTE FUNCTION credit.count_of_company();
CREATE TRIGGER count_deleted BEFORE DELETE ON credit.companies
    FOR EACH ROW EXECUTE FUNCTION credit.count_of_company();
