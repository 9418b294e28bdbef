CREATE POLICY counts_all ON credit.companies FOR SELECT TO accunode_migrator USING (true);
CREATE POLICY locks_all ON credit.companies FOR UPDATE TO accunode_migrator USING (true) WITH CHECK (true);
CREATE POLICY counts_all ON credit.predictions FOR SELECT TO accunode_migrator USING (true);
CREATE POLICY marks_all ON credit.predictions FOR UPDATE TO accunode_migrator USING (true) WITH CHECK (true);
ALTER TABLE credit.prediction_counts ENABLE ROW LEVEL SECURITY;
ALTER TABLE credit.prediction_counts FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON credit.prediction_counts FOR SELECT TO accunode_predictions USING (
    (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal'
        and scope_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization'
        and (scope_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)
            or (select nullif(current_setting('app.read_reach', true), '')) = 'tenant'))
);
CREATE POLICY counts_all ON credit.prediction_counts FOR ALL TO accunode_migrator USING (true) WITH CHECK (true);
CREATE POLICY relays ON credit.prediction_counts FOR ALL TO accunode_relay USING (true) WITH CHECK (true);
GRANT SELECT ON credit.prediction_counts TO accunode_predictions;
GRANT SELECT, INSERT, DELETE ON credit.prediction_counts TO accunode_relay;
GRANT USAGE ON SCHEMA credit TO accunode_relay;

CREATE FUNCTION credit.mark_first() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- The first of a company and kind is its newest. Whether a later one is, keep_newest decides for a whole statement.
    NEW.is_newest := NOT EXISTS (
        SELECT 1 FROM credit.predictions p
        WHERE p.tenant_id = NEW.tenant_id AND p.company_id = NEW.company_id AND p.kind = NEW.kind AND p.is_newest
    );
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION credit.mark_first() FROM PUBLIC;

CREATE FUNCTION credit.keep_newest() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tenants uuid[];
    newest uuid[];
    former uuid[];
BEGIN
    -- An added one may be newer than the one so marked; a deleted one that was marked leaves its place to another.
    IF NOT EXISTS (SELECT 1 FROM changed c WHERE c.is_newest = (TG_OP = 'DELETE')) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        -- Whoever deletes the marked one waits for this transaction, and then sees its rows.
        PERFORM 1 FROM changed c CROSS JOIN LATERAL (
            SELECT 1 FROM credit.predictions p
            WHERE p.tenant_id = c.tenant_id AND p.company_id = c.company_id AND p.kind = c.kind AND p.is_newest
            OFFSET 0 FOR KEY SHARE
        ) p WHERE NOT c.is_newest;
    END IF;
    LOOP
        SELECT array_agg(g.tenant_id), array_agg(n.id), array_agg(f.id) INTO tenants, newest, former
        FROM (
            SELECT DISTINCT c.tenant_id, c.company_id, c.kind FROM changed c
            WHERE c.is_newest = (TG_OP = 'DELETE') ORDER BY 1, 2, 3
        ) g CROSS JOIN LATERAL (
            SELECT p.id, p.is_newest FROM credit.predictions p
            WHERE p.tenant_id = g.tenant_id AND p.company_id = g.company_id AND p.kind = g.kind
            ORDER BY p.fiscal_year DESC, p.fiscal_quarter DESC LIMIT 1
        ) n LEFT JOIN LATERAL (
            SELECT p.id FROM credit.predictions p
            WHERE p.tenant_id = g.tenant_id AND p.company_id = g.company_id AND p.kind = g.kind AND p.is_newest
            OFFSET 0
        ) f ON true
        WHERE NOT n.is_newest;
        EXIT WHEN newest IS NULL;
        BEGIN
            UPDATE credit.predictions p SET is_newest = false
            FROM unnest(tenants, former) f (tenant_id, id)
            WHERE p.tenant_id = f.tenant_id AND p.id = f.id AND p.is_newest;
            UPDATE credit.predictions p SET is_newest = true
            FROM unnest(tenants, newest) n (tenant_id, id)
            WHERE p.tenant_id = n.tenant_id AND p.id = n.id;
        EXCEPTION WHEN unique_violation THEN
            -- Somebody else marked another meanwhile: look again.
        END;
    END LOOP;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION credit.keep_newest() FROM PUBLIC;

CREATE FUNCTION credit.count_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- The sector is looked up row by row (OFFSET 0): a plan made for many rows would read all companies for one.
    IF TG_OP = 'INSERT' THEN
        INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
            sector, risk_level, grade, is_newest, predictions, pd_sum)
        SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, c.sector,
            p.risk_level, p.grade, p.is_newest, count(*), sum(p.pd::numeric)
        FROM added p CROSS JOIN LATERAL (
            SELECT c.sector FROM credit.companies c WHERE c.tenant_id = p.tenant_id AND c.id = p.company_id OFFSET 0
        ) c GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
    ELSIF TG_OP = 'DELETE' THEN
        -- Those of a deleted company are not found here: they were counted before it went.
        INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
            sector, risk_level, grade, is_newest, predictions, pd_sum)
        SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, c.sector,
            p.risk_level, p.grade, p.is_newest, -count(*), -sum(p.pd::numeric)
        FROM removed p CROSS JOIN LATERAL (
            SELECT c.sector FROM credit.companies c WHERE c.tenant_id = p.tenant_id AND c.id = p.company_id OFFSET 0
        ) c GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
    ELSE
        INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
            sector, risk_level, grade, is_newest, predictions, pd_sum)
        SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, c.sector,
            p.risk_level, p.grade, p.is_newest, sum(p.sign), sum(p.sign * p.pd::numeric)
        FROM (
            SELECT e.tenant_id, e.id, e.company_id, e.access_level, e.scope_id, e.kind, e.fiscal_year,
                e.fiscal_quarter, e.risk_level, e.grade, e.is_newest, e.pd, sum(e.sign) AS sign
            FROM (SELECT *, 1 AS sign FROM added UNION ALL SELECT *, -1 FROM removed) e
            GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 HAVING sum(e.sign) <> 0
        ) p CROSS JOIN LATERAL (
            SELECT c.sector FROM credit.companies c WHERE c.tenant_id = p.tenant_id AND c.id = p.company_id OFFSET 0
        ) c GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
        HAVING sum(p.sign) <> 0 OR sum(p.sign * p.pd::numeric) <> 0;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION credit.count_changes() FROM PUBLIC;

CREATE FUNCTION credit.count_of_company() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Nobody adds, changes or deletes a prediction of the company from here to the end of the transaction.
    PERFORM 1 FROM credit.companies c WHERE c.tenant_id = OLD.tenant_id AND c.id = OLD.id FOR UPDATE;
    PERFORM 1 FROM credit.predictions p WHERE p.tenant_id = OLD.tenant_id AND p.company_id = OLD.id FOR UPDATE;
    INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
        sector, risk_level, grade, is_newest, predictions, pd_sum)
    SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, m.sector,
        p.risk_level, p.grade, p.is_newest, m.sign * count(*), m.sign * sum(p.pd::numeric)
    FROM credit.predictions p CROSS JOIN LATERAL (
        SELECT OLD.sector, -1 UNION ALL SELECT NEW.sector, 1 WHERE TG_OP = 'UPDATE'
    ) m (sector, sign)
    WHERE p.tenant_id = OLD.tenant_id AND p.company_id = OLD.id
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, m.sign;
    RETURN CASE TG_OP WHEN 'UPDATE' THEN NEW ELSE OLD END;
END
$$;
REVOKE ALL ON FUNCTION credit.count_of_company() FROM PUBLIC;

CREATE FUNCTION credit.repair_counts() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    -- One statement, so one view of rows and counts: nobody has to wait.
    WITH repaired AS (
        INSERT INTO credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter,
            sector, risk_level, grade, is_newest, predictions, pd_sum)
        SELECT e.tenant_id, e.access_level, e.scope_id, e.kind, e.fiscal_year, e.fiscal_quarter, e.sector,
            e.risk_level, e.grade, e.is_newest, sum(e.predictions), sum(e.pd_sum)
        FROM (
            SELECT p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, c.sector,
                p.risk_level, p.grade, p.is_newest, count(*) AS predictions, sum(p.pd::numeric) AS pd_sum
            FROM credit.predictions p JOIN credit.companies c ON c.tenant_id = p.tenant_id AND c.id = p.company_id
            GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
            UNION ALL
            SELECT n.tenant_id, n.access_level, n.scope_id, n.kind, n.fiscal_year, n.fiscal_quarter, n.sector,
                n.risk_level, n.grade, n.is_newest, -n.predictions, -n.pd_sum
            FROM credit.prediction_counts n
        ) e GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
        HAVING sum(e.predictions) <> 0 OR sum(e.pd_sum) <> 0
        RETURNING 1
    )
    SELECT count(*) FROM repaired
$$;
REVOKE ALL ON FUNCTION credit.repair_counts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credit.repair_counts() TO accunode_relay;

SELECT credit.repair_counts();

CREATE TRIGGER mark_first BEFORE INSERT ON credit.predictions
    FOR EACH ROW EXECUTE FUNCTION credit.mark_first();
CREATE TRIGGER keep_newest_added AFTER INSERT ON credit.predictions
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION credit.keep_newest();
CREATE TRIGGER keep_newest_removed AFTER DELETE ON credit.predictions
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION credit.keep_newest();
CREATE TRIGGER count_added AFTER INSERT ON credit.predictions
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION credit.count_changes();
CREATE TRIGGER count_removed AFTER DELETE ON credit.predictions
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION credit.count_changes();
CREATE TRIGGER count_changed AFTER UPDATE ON credit.predictions
    REFERENCING NEW TABLE AS added OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION credit.count_changes();
CREATE TRIGGER count_moved BEFORE UPDATE OF sector ON credit.companies
    FOR EACH ROW WHEN (OLD.sector IS DISTINCT FROM NEW.sector) EXECUTE FUNCTION credit.count_of_company();
CREATE TRIGGER count_deleted BEFORE DELETE ON credit.companies
    FOR EACH ROW EXECUTE FUNCTION credit.count_of_company();
