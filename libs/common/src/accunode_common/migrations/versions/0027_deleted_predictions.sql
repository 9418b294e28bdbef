ALTER TABLE credit.deleted_predictions ENABLE ROW LEVEL SECURITY;
ALTER TABLE credit.deleted_predictions FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON credit.deleted_predictions FOR SELECT USING (case when (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and scope_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization'
    and (scope_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) or (select nullif(current_setting('app.read_reach', true), '')) = 'tenant'))
or (access_level = 'system' and ((select nullif(current_setting('app.read_reach', true), '')) = 'platform' or (select exists (
    select 1 from tenancy.organizations o
    where o.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and o.id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and o.global_data_access)))) then true end);
CREATE POLICY keeps_all ON credit.deleted_predictions FOR ALL TO accunode_migrator USING (true) WITH CHECK (true);
GRANT SELECT ON credit.deleted_predictions TO accunode_worker;
CREATE POLICY counts_all ON credit.prediction_versions FOR SELECT TO accunode_migrator USING (true);
CREATE POLICY counts_all ON credit.outcomes FOR SELECT TO accunode_migrator USING (true);

CREATE FUNCTION credit.keep_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    -- What was given while the prediction stood: its earlier versions, and the last one.
BEGIN
    INSERT INTO credit.deleted_predictions
        (tenant_id, id, access_level, scope_id, obligor_id, kind, fiscal_year, fiscal_quarter, scores)
    SELECT OLD.tenant_id, gen_random_uuid(), OLD.access_level, OLD.scope_id, OLD.company_id, OLD.kind, OLD.fiscal_year,
        OLD.fiscal_quarter, coalesce(jsonb_agg(jsonb_build_object(
            'given_at', v.snapshot -> 'updated_at', 'pd', v.snapshot -> 'pd', 'grade', v.snapshot -> 'grade',
            'model_version', v.snapshot -> 'model_version', 'inputs', jsonb_strip_nulls(v.snapshot -> 'ratios')
        ) ORDER BY v.version), '[]') || jsonb_build_array(jsonb_build_object(
            'given_at', to_char(timezone('UTC', OLD.updated_at), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'pd', OLD.pd,
            'grade', OLD.grade, 'model_version', OLD.model_version, 'inputs', jsonb_strip_nulls(coalesce(OLD.amounts, jsonb_build_object(
                'long_term_debt_to_total_capital', OLD.long_term_debt_to_total_capital,
                'total_debt_to_ebitda', OLD.total_debt_to_ebitda, 'net_income_margin', OLD.net_income_margin,
                'ebit_to_interest_expense', OLD.ebit_to_interest_expense, 'return_on_assets', OLD.return_on_assets,
                'sga_margin', OLD.sga_margin, 'return_on_capital', OLD.return_on_capital
            )))
        ))
    FROM credit.prediction_versions v WHERE v.tenant_id = OLD.tenant_id AND v.prediction_id = OLD.id;
    RETURN OLD;
END
$$;
REVOKE ALL ON FUNCTION credit.keep_deleted() FROM PUBLIC;

CREATE FUNCTION credit.unname_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    -- The company's outcomes are there still; its predictions go first, so that they are among what loses its name.
DECLARE
    nobody uuid := gen_random_uuid();
BEGIN
    DELETE FROM credit.predictions p WHERE p.tenant_id = OLD.tenant_id AND p.company_id = OLD.id;
    UPDATE credit.deleted_predictions d SET obligor_id = nobody, defaulted_on = coalesce((
        SELECT jsonb_agg(o.defaulted_on ORDER BY o.defaulted_on) FROM credit.outcomes o
        WHERE o.tenant_id = OLD.tenant_id AND o.company_id = OLD.id
    ), '[]')
    WHERE d.tenant_id = OLD.tenant_id AND d.obligor_id = OLD.id;
    RETURN OLD;
END
$$;
REVOKE ALL ON FUNCTION credit.unname_deleted() FROM PUBLIC;

CREATE TRIGGER keep_deleted BEFORE DELETE ON credit.predictions
    FOR EACH ROW WHEN (OLD.access_level <> 'personal') EXECUTE FUNCTION credit.keep_deleted();
CREATE TRIGGER unname_deleted BEFORE DELETE ON credit.companies
    FOR EACH ROW WHEN (OLD.access_level <> 'personal') EXECUTE FUNCTION credit.unname_deleted();
