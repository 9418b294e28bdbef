-- Row-level security, policies, grants, and the one function that runs before a tenant is known.
GRANT USAGE ON SCHEMA identity TO accunode_auth, accunode_sign_in, accunode_tenants;
GRANT USAGE ON SCHEMA tenancy TO accunode_auth, accunode_bulk, accunode_predictions, accunode_tenants, accunode_worker;
GRANT USAGE ON SCHEMA credit TO accunode_bulk, accunode_predictions, accunode_tenants, accunode_worker;
GRANT USAGE ON SCHEMA bulk TO accunode_bulk, accunode_predictions, accunode_relay, accunode_tenants, accunode_worker;
GRANT USAGE ON SCHEMA registry TO accunode_bulk, accunode_predictions, accunode_worker;
GRANT USAGE ON SCHEMA audit TO accunode_auth, accunode_bulk, accunode_predictions, accunode_relay, accunode_tenants, accunode_worker;
GRANT USAGE ON SCHEMA ops TO accunode_auth, accunode_bulk, accunode_predictions, accunode_relay, accunode_tenants, accunode_worker;
GRANT SELECT ON public.alembic_version TO accunode_auth, accunode_bulk, accunode_predictions, accunode_relay, accunode_tenants, accunode_worker;
ALTER TABLE audit.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.events FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON audit.events FOR SELECT
    USING ((select nullif(current_setting('app.read_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant'));
CREATE POLICY inserts ON audit.events FOR INSERT
    WITH CHECK ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'platform') and (actor_id is null or actor_id = (select nullif(current_setting('app.user_id', true), '')::uuid)));
CREATE POLICY seals ON audit.events FOR SELECT TO accunode_relay
    USING (true);
GRANT INSERT ON audit.events TO accunode_auth;
GRANT SELECT, INSERT ON audit.events TO accunode_tenants;
GRANT INSERT ON audit.events TO accunode_predictions;
GRANT INSERT ON audit.events TO accunode_bulk;
GRANT INSERT ON audit.events TO accunode_worker;
GRANT SELECT ON audit.events TO accunode_relay;
ALTER TABLE audit.seals ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.seals FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON audit.seals FOR SELECT
    USING ((select nullif(current_setting('app.read_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant'));
CREATE POLICY seals ON audit.seals FOR SELECT TO accunode_relay
    USING (true);
CREATE POLICY adds ON audit.seals FOR INSERT TO accunode_relay
    WITH CHECK (true);
GRANT SELECT ON audit.seals TO accunode_tenants;
GRANT SELECT, INSERT ON audit.seals TO accunode_relay;
ALTER TABLE bulk.chunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulk.chunks FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON bulk.chunks FOR SELECT TO accunode_bulk
    USING (exists (select 1 from bulk.jobs j where j.tenant_id = chunks.tenant_id and j.id = chunks.job_id));
CREATE POLICY inserts ON bulk.chunks FOR INSERT TO accunode_bulk
    WITH CHECK (exists (select 1 from bulk.jobs j where j.tenant_id = chunks.tenant_id and j.id = chunks.job_id and ((j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'personal' and j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'organization' and j.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
CREATE POLICY updates ON bulk.chunks FOR UPDATE TO accunode_bulk
    USING (exists (select 1 from bulk.jobs j where j.tenant_id = chunks.tenant_id and j.id = chunks.job_id and ((j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'personal' and j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'organization' and j.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))))
    WITH CHECK (exists (select 1 from bulk.jobs j where j.tenant_id = chunks.tenant_id and j.id = chunks.job_id and ((j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'personal' and j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'organization' and j.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
CREATE POLICY deletes ON bulk.chunks FOR DELETE TO accunode_bulk
    USING (exists (select 1 from bulk.jobs j where j.tenant_id = chunks.tenant_id and j.id = chunks.job_id and ((j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'personal' and j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'organization' and j.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
CREATE POLICY works ON bulk.chunks FOR ALL TO accunode_worker
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY relays ON bulk.chunks FOR SELECT TO accunode_relay
    USING (true);
GRANT SELECT, UPDATE, DELETE ON bulk.chunks TO accunode_bulk;
GRANT SELECT, INSERT, UPDATE, DELETE ON bulk.chunks TO accunode_worker;
GRANT SELECT (tenant_id, job_id, number, state, attempts, lease_expires_at, updated_at) ON bulk.chunks TO accunode_relay;
ALTER TABLE bulk.jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulk.jobs FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON bulk.jobs FOR SELECT TO accunode_bulk, accunode_predictions
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) or (select nullif(current_setting('app.read_reach', true), '')) = 'tenant')) or (access_level = 'system' and ((select nullif(current_setting('app.read_reach', true), '')) = 'platform' or (select exists ( select 1 from tenancy.organizations o where o.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and o.id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and o.global_data_access)))));
CREATE POLICY inserts ON bulk.jobs FOR INSERT TO accunode_bulk, accunode_predictions
    WITH CHECK (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) and ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform')) and read_reach = (select nullif(current_setting('app.read_reach', true), '')) and write_reach = (select nullif(current_setting('app.write_reach', true), '')) and submitter_organization_id is not distinct from (select nullif(current_setting('app.organization_id', true), '')::uuid));
CREATE POLICY updates ON bulk.jobs FOR UPDATE TO accunode_bulk, accunode_predictions
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))
    WITH CHECK ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'));
CREATE POLICY deletes ON bulk.jobs FOR DELETE TO accunode_bulk, accunode_predictions
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'));
CREATE POLICY counts ON bulk.jobs FOR SELECT TO accunode_tenants
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant');
CREATE POLICY works ON bulk.jobs FOR ALL TO accunode_worker
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY relays ON bulk.jobs FOR SELECT TO accunode_relay
    USING (true);
GRANT SELECT, INSERT, UPDATE (type, state, kind, on_conflict, dry_run, model_version, parameters, file_name, file_key, file_bytes, file_sha256, file_report, rows_total, rows_accepted, rows_rejected, rows_skipped, chunks_total, chunks_done, error_code, error_message, result, request_id, started_at, ingested_at, finished_at, updated_at, version), DELETE ON bulk.jobs TO accunode_bulk;
GRANT SELECT, INSERT ON bulk.jobs TO accunode_predictions;
GRANT SELECT (tenant_id, id, created_at, file_bytes) ON bulk.jobs TO accunode_tenants;
GRANT SELECT, INSERT, UPDATE (type, state, kind, on_conflict, dry_run, model_version, parameters, file_name, file_key, file_bytes, file_sha256, file_report, rows_total, rows_accepted, rows_rejected, rows_skipped, chunks_total, chunks_done, error_code, error_message, result, request_id, started_at, ingested_at, finished_at, updated_at, version) ON bulk.jobs TO accunode_worker;
GRANT SELECT (tenant_id, id, type, state, updated_at) ON bulk.jobs TO accunode_relay;
ALTER TABLE bulk.row_issues ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulk.row_issues FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON bulk.row_issues FOR SELECT TO accunode_bulk
    USING (exists (select 1 from bulk.jobs j where j.tenant_id = row_issues.tenant_id and j.id = row_issues.job_id));
CREATE POLICY inserts ON bulk.row_issues FOR INSERT TO accunode_bulk
    WITH CHECK (exists (select 1 from bulk.jobs j where j.tenant_id = row_issues.tenant_id and j.id = row_issues.job_id and ((j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'personal' and j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'organization' and j.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
CREATE POLICY updates ON bulk.row_issues FOR UPDATE TO accunode_bulk
    USING (exists (select 1 from bulk.jobs j where j.tenant_id = row_issues.tenant_id and j.id = row_issues.job_id and ((j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'personal' and j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'organization' and j.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))))
    WITH CHECK (exists (select 1 from bulk.jobs j where j.tenant_id = row_issues.tenant_id and j.id = row_issues.job_id and ((j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'personal' and j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'organization' and j.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
CREATE POLICY deletes ON bulk.row_issues FOR DELETE TO accunode_bulk
    USING (exists (select 1 from bulk.jobs j where j.tenant_id = row_issues.tenant_id and j.id = row_issues.job_id and ((j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'personal' and j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'organization' and j.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (j.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (j.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and j.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
CREATE POLICY works ON bulk.row_issues FOR ALL TO accunode_worker
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
GRANT SELECT, DELETE ON bulk.row_issues TO accunode_bulk;
GRANT SELECT, INSERT, DELETE ON bulk.row_issues TO accunode_worker;
ALTER TABLE credit.companies ENABLE ROW LEVEL SECURITY;
ALTER TABLE credit.companies FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON credit.companies FOR SELECT
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) or (select nullif(current_setting('app.read_reach', true), '')) = 'tenant')) or (access_level = 'system' and ((select nullif(current_setting('app.read_reach', true), '')) = 'platform' or (select exists ( select 1 from tenancy.organizations o where o.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and o.id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and o.global_data_access)))));
CREATE POLICY inserts ON credit.companies FOR INSERT
    WITH CHECK (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) and ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform')));
CREATE POLICY updates ON credit.companies FOR UPDATE
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))
    WITH CHECK ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'));
CREATE POLICY deletes ON credit.companies FOR DELETE
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'));
CREATE POLICY counts ON credit.companies FOR SELECT TO accunode_tenants
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant');
GRANT SELECT, INSERT, UPDATE (name, name_key, symbol, external_id, sector, market_cap, currency, updated_at, version), DELETE ON credit.companies TO accunode_predictions;
GRANT SELECT, INSERT, UPDATE (name, name_key, symbol, external_id, sector, market_cap, currency, updated_at, version) ON credit.companies TO accunode_worker;
GRANT SELECT ON credit.companies TO accunode_bulk;
GRANT SELECT (tenant_id, id, created_at) ON credit.companies TO accunode_tenants;
ALTER TABLE credit.outcomes ENABLE ROW LEVEL SECURITY;
ALTER TABLE credit.outcomes FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON credit.outcomes FOR SELECT
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) or (select nullif(current_setting('app.read_reach', true), '')) = 'tenant')) or (access_level = 'system' and ((select nullif(current_setting('app.read_reach', true), '')) = 'platform' or (select exists ( select 1 from tenancy.organizations o where o.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and o.id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and o.global_data_access)))));
CREATE POLICY inserts ON credit.outcomes FOR INSERT
    WITH CHECK (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) and ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform')) and exists (select 1 from credit.companies c where c.tenant_id = outcomes.tenant_id and c.id = outcomes.company_id and c.scope_id is not distinct from outcomes.scope_id));
CREATE POLICY updates ON credit.outcomes FOR UPDATE
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))
    WITH CHECK ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'));
CREATE POLICY deletes ON credit.outcomes FOR DELETE
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'));
CREATE POLICY counts ON credit.outcomes FOR SELECT TO accunode_tenants
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant');
GRANT SELECT, INSERT, UPDATE (defaulted_on, event, updated_at), DELETE ON credit.outcomes TO accunode_predictions;
GRANT SELECT, INSERT ON credit.outcomes TO accunode_worker;
ALTER TABLE credit.prediction_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE credit.prediction_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON credit.prediction_versions FOR SELECT
    USING (exists (select 1 from credit.predictions p where p.tenant_id = prediction_versions.tenant_id and p.id = prediction_versions.prediction_id));
CREATE POLICY inserts ON credit.prediction_versions FOR INSERT
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and exists (select 1 from credit.predictions p where p.tenant_id = prediction_versions.tenant_id and p.id = prediction_versions.prediction_id and ((p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'personal' and p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'organization' and p.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
CREATE POLICY updates ON credit.prediction_versions FOR UPDATE
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and exists (select 1 from credit.predictions p where p.tenant_id = prediction_versions.tenant_id and p.id = prediction_versions.prediction_id and ((p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'personal' and p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'organization' and p.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))))
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and exists (select 1 from credit.predictions p where p.tenant_id = prediction_versions.tenant_id and p.id = prediction_versions.prediction_id and ((p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'personal' and p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'organization' and p.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
CREATE POLICY deletes ON credit.prediction_versions FOR DELETE
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and exists (select 1 from credit.predictions p where p.tenant_id = prediction_versions.tenant_id and p.id = prediction_versions.prediction_id and ((p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'personal' and p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'organization' and p.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
GRANT SELECT, INSERT ON credit.prediction_versions TO accunode_predictions;
GRANT SELECT, INSERT ON credit.prediction_versions TO accunode_worker;
ALTER TABLE credit.predictions ENABLE ROW LEVEL SECURITY;
ALTER TABLE credit.predictions FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON credit.predictions FOR SELECT
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) or (select nullif(current_setting('app.read_reach', true), '')) = 'tenant')) or (access_level = 'system' and ((select nullif(current_setting('app.read_reach', true), '')) = 'platform' or (select exists ( select 1 from tenancy.organizations o where o.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and o.id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and o.global_data_access)))));
CREATE POLICY inserts ON credit.predictions FOR INSERT
    WITH CHECK (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) and ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform')) and exists (select 1 from credit.companies c where c.tenant_id = predictions.tenant_id and c.id = predictions.company_id and c.scope_id is not distinct from predictions.scope_id));
CREATE POLICY updates ON credit.predictions FOR UPDATE
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))
    WITH CHECK ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'));
CREATE POLICY deletes ON credit.predictions FOR DELETE
    USING ((tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'personal' and created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'));
CREATE POLICY counts ON credit.predictions FOR SELECT TO accunode_tenants
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.read_reach', true), '')) = 'tenant');
GRANT SELECT, INSERT, UPDATE (kind, fiscal_year, fiscal_quarter, long_term_debt_to_total_capital, total_debt_to_ebitda, net_income_margin, ebit_to_interest_expense, return_on_assets, sga_margin, return_on_capital, amounts, model_version, pd, pd_2y, pd_3y, pd_scorecard, pd_lightgbm, pd_low, pd_high, grade, risk_level, reason_codes, flags, job_id, row_number, updated_at, version), DELETE ON credit.predictions TO accunode_predictions;
GRANT SELECT, INSERT, UPDATE (kind, fiscal_year, fiscal_quarter, long_term_debt_to_total_capital, total_debt_to_ebitda, net_income_margin, ebit_to_interest_expense, return_on_assets, sga_margin, return_on_capital, amounts, model_version, pd, pd_2y, pd_3y, pd_scorecard, pd_lightgbm, pd_low, pd_high, grade, risk_level, reason_codes, flags, job_id, row_number, updated_at, version) ON credit.predictions TO accunode_worker;
GRANT SELECT, UPDATE (job_id, row_number) ON credit.predictions TO accunode_bulk;
GRANT SELECT (tenant_id, id, created_at) ON credit.predictions TO accunode_tenants;
ALTER TABLE identity.api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON identity.api_keys FOR SELECT
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY inserts ON identity.api_keys FOR INSERT
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY updates ON identity.api_keys FOR UPDATE
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY deletes ON identity.api_keys FOR DELETE
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON identity.api_keys TO accunode_auth;
ALTER TABLE identity.memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON identity.memberships FOR SELECT
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.read_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and ((select nullif(current_setting('app.read_reach', true), '')) = 'tenant' or ((select nullif(current_setting('app.read_reach', true), '')) = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)))));
CREATE POLICY inserts ON identity.memberships FOR INSERT
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (((select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and role <> 'super_admin') or ((select nullif(current_setting('app.write_reach', true), '')) = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and role in ('org_admin', 'org_member')) or (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) and role = 'org_member' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)) or (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) and role = 'user' and tenant_id = '00000000-0000-7000-8000-000000000001'::uuid))));
CREATE POLICY updates ON identity.memberships FOR UPDATE
    USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (((select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and role <> 'super_admin') or ((select nullif(current_setting('app.write_reach', true), '')) = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and role in ('org_admin', 'org_member')) or (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) and role = 'org_member' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)) or (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) and role = 'user' and tenant_id = '00000000-0000-7000-8000-000000000001'::uuid))))
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (((select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and role <> 'super_admin') or ((select nullif(current_setting('app.write_reach', true), '')) = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and role in ('org_admin', 'org_member')) or (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) and role = 'org_member' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)) or (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) and role = 'user' and tenant_id = '00000000-0000-7000-8000-000000000001'::uuid))));
CREATE POLICY deletes ON identity.memberships FOR DELETE
    USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (((select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and role <> 'super_admin') or ((select nullif(current_setting('app.write_reach', true), '')) = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and role in ('org_admin', 'org_member')) or (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) and role = 'org_member' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)) or (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) and role = 'user' and tenant_id = '00000000-0000-7000-8000-000000000001'::uuid))));
GRANT SELECT, INSERT, UPDATE (role, updated_at, version), DELETE ON identity.memberships TO accunode_auth;
GRANT SELECT, INSERT, UPDATE (role, updated_at, version), DELETE ON identity.memberships TO accunode_tenants;
ALTER TABLE identity.one_time_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.one_time_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON identity.one_time_tokens FOR SELECT
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY inserts ON identity.one_time_tokens FOR INSERT
    WITH CHECK (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY updates ON identity.one_time_tokens FOR UPDATE
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    WITH CHECK (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY deletes ON identity.one_time_tokens FOR DELETE
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE (purpose, token_hash, created_at, expires_at, used_at, id), DELETE ON identity.one_time_tokens TO accunode_auth;
ALTER TABLE identity.recovery_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.recovery_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON identity.recovery_codes FOR SELECT
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY inserts ON identity.recovery_codes FOR INSERT
    WITH CHECK (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY updates ON identity.recovery_codes FOR UPDATE
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    WITH CHECK (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY deletes ON identity.recovery_codes FOR DELETE
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE (code_hash, used_at, id), DELETE ON identity.recovery_codes TO accunode_auth;
ALTER TABLE identity.refresh_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.refresh_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON identity.refresh_tokens FOR SELECT
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY inserts ON identity.refresh_tokens FOR INSERT
    WITH CHECK (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY updates ON identity.refresh_tokens FOR UPDATE
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    WITH CHECK (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY deletes ON identity.refresh_tokens FOR DELETE
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE (session_id, token_hash, created_at, used_at, id), DELETE ON identity.refresh_tokens TO accunode_auth;
ALTER TABLE identity.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON identity.sessions FOR SELECT
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) or ((select nullif(current_setting('app.write_reach', true), '')) in ('organization', 'tenant', 'platform') and exists (select 1 from identity.memberships m where m.user_id = sessions.user_id)));
CREATE POLICY inserts ON identity.sessions FOR INSERT
    WITH CHECK (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY updates ON identity.sessions FOR UPDATE
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) or ((select nullif(current_setting('app.write_reach', true), '')) in ('organization', 'tenant', 'platform') and exists (select 1 from identity.memberships m where m.user_id = sessions.user_id)))
    WITH CHECK (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid) or ((select nullif(current_setting('app.write_reach', true), '')) in ('organization', 'tenant', 'platform') and exists (select 1 from identity.memberships m where m.user_id = sessions.user_id)));
CREATE POLICY deletes ON identity.sessions FOR DELETE
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE (membership_tenant_id, membership_id, user_agent, ip_address, created_at, last_seen_at, expires_at, revoked_at, revoked_reason, id), DELETE ON identity.sessions TO accunode_auth;
ALTER TABLE identity.totp_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.totp_credentials FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON identity.totp_credentials FOR SELECT
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY inserts ON identity.totp_credentials FOR INSERT
    WITH CHECK (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY updates ON identity.totp_credentials FOR UPDATE
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    WITH CHECK (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY deletes ON identity.totp_credentials FOR DELETE
    USING (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE (secret_encrypted, confirmed_at, last_step, created_at), DELETE ON identity.totp_credentials TO accunode_auth;
ALTER TABLE identity.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.users FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON identity.users FOR SELECT
    USING (id = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.read_reach', true), '')) = 'platform' or ((select nullif(current_setting('app.read_reach', true), '')) in ('organization', 'tenant', 'platform') and exists (select 1 from identity.memberships m where m.user_id = users.id)));
CREATE POLICY inserts ON identity.users FOR INSERT
    WITH CHECK (id = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) in ('organization', 'tenant', 'platform'));
CREATE POLICY updates ON identity.users FOR UPDATE
    USING (id = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'platform' or ((select nullif(current_setting('app.write_reach', true), '')) in ('organization', 'tenant', 'platform') and exists (select 1 from identity.memberships m where m.user_id = users.id)))
    WITH CHECK (id = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'platform' or ((select nullif(current_setting('app.write_reach', true), '')) in ('organization', 'tenant', 'platform') and exists (select 1 from identity.memberships m where m.user_id = users.id)));
CREATE POLICY signs_in ON identity.users FOR SELECT TO accunode_sign_in
    USING (true);
GRANT SELECT, INSERT, UPDATE (email, email_key, full_name, password_hash, status, email_verified_at, failed_sign_ins, locked_until, password_changed_at, last_sign_in_at, updated_at, version) ON identity.users TO accunode_auth;
GRANT SELECT (id, email, email_key, email_verified_at, full_name, status, last_sign_in_at, created_at), INSERT (id, email, email_key, full_name, password_hash, email_verified_at, password_changed_at) ON identity.users TO accunode_tenants;
GRANT SELECT (id, email_key, password_hash, status, failed_sign_ins, locked_until, email_verified_at) ON identity.users TO accunode_sign_in;
ALTER TABLE ops.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON ops.idempotency_keys FOR SELECT
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY inserts ON ops.idempotency_keys FOR INSERT
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY updates ON ops.idempotency_keys FOR UPDATE
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY deletes ON ops.idempotency_keys FOR DELETE
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and user_id = (select nullif(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY purges ON ops.idempotency_keys FOR ALL TO accunode_relay
    USING (true)
    WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.idempotency_keys TO accunode_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.idempotency_keys TO accunode_tenants;
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.idempotency_keys TO accunode_predictions;
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.idempotency_keys TO accunode_bulk;
GRANT SELECT (expires_at), DELETE ON ops.idempotency_keys TO accunode_relay;
ALTER TABLE ops.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY inserts ON ops.outbox FOR INSERT
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY relays ON ops.outbox FOR ALL TO accunode_relay
    USING (true)
    WITH CHECK (true);
GRANT INSERT ON ops.outbox TO accunode_auth;
GRANT INSERT ON ops.outbox TO accunode_tenants;
GRANT INSERT ON ops.outbox TO accunode_predictions;
GRANT INSERT ON ops.outbox TO accunode_bulk;
GRANT INSERT ON ops.outbox TO accunode_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.outbox TO accunode_relay;
ALTER TABLE ops.scaling_decisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.scaling_decisions FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON ops.scaling_decisions FOR SELECT
    USING ((select nullif(current_setting('app.read_reach', true), '')) = 'platform');
CREATE POLICY inserts ON ops.scaling_decisions FOR INSERT
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform');
CREATE POLICY updates ON ops.scaling_decisions FOR UPDATE
    USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform')
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform');
CREATE POLICY deletes ON ops.scaling_decisions FOR DELETE
    USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform');
GRANT SELECT, INSERT ON ops.scaling_decisions TO accunode_bulk;
ALTER TABLE ops.scaling_policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.scaling_policies FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON ops.scaling_policies FOR SELECT
    USING ((select nullif(current_setting('app.read_reach', true), '')) = 'platform');
CREATE POLICY inserts ON ops.scaling_policies FOR INSERT
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform');
CREATE POLICY updates ON ops.scaling_policies FOR UPDATE
    USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform')
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform');
CREATE POLICY deletes ON ops.scaling_policies FOR DELETE
    USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform');
GRANT SELECT, INSERT, UPDATE ON ops.scaling_policies TO accunode_bulk;
ALTER TABLE registry.drift_reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.drift_reports FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON registry.drift_reports FOR SELECT
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY inserts ON registry.drift_reports FOR INSERT
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY updates ON registry.drift_reports FOR UPDATE
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY deletes ON registry.drift_reports FOR DELETE
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
GRANT SELECT ON registry.drift_reports TO accunode_predictions;
GRANT SELECT, INSERT ON registry.drift_reports TO accunode_worker;
ALTER TABLE registry.model_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.model_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON registry.model_versions FOR SELECT
    USING (true);
CREATE POLICY inserts ON registry.model_versions FOR INSERT
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform');
CREATE POLICY updates ON registry.model_versions FOR UPDATE
    USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform')
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform');
GRANT SELECT, INSERT, UPDATE ON registry.model_versions TO accunode_predictions;
GRANT SELECT ON registry.model_versions TO accunode_bulk;
GRANT SELECT ON registry.model_versions TO accunode_worker;
ALTER TABLE registry.shadow_scores ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.shadow_scores FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON registry.shadow_scores FOR SELECT
    USING (exists (select 1 from credit.predictions p where p.tenant_id = shadow_scores.tenant_id and p.id = shadow_scores.prediction_id));
CREATE POLICY inserts ON registry.shadow_scores FOR INSERT
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and exists (select 1 from credit.predictions p where p.tenant_id = shadow_scores.tenant_id and p.id = shadow_scores.prediction_id and ((p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'personal' and p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'organization' and p.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
CREATE POLICY updates ON registry.shadow_scores FOR UPDATE
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and exists (select 1 from credit.predictions p where p.tenant_id = shadow_scores.tenant_id and p.id = shadow_scores.prediction_id and ((p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'personal' and p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'organization' and p.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))))
    WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and exists (select 1 from credit.predictions p where p.tenant_id = shadow_scores.tenant_id and p.id = shadow_scores.prediction_id and ((p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'personal' and p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'organization' and p.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
CREATE POLICY deletes ON registry.shadow_scores FOR DELETE
    USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and exists (select 1 from credit.predictions p where p.tenant_id = shadow_scores.tenant_id and p.id = shadow_scores.prediction_id and ((p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'personal' and p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid)) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'organization' and p.organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) and (p.created_by = (select nullif(current_setting('app.user_id', true), '')::uuid) or (select nullif(current_setting('app.write_reach', true), '')) = 'organization')) or (p.tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and p.access_level = 'system' and (select nullif(current_setting('app.write_reach', true), '')) = 'platform'))));
GRANT SELECT, INSERT, UPDATE ON registry.shadow_scores TO accunode_predictions;
GRANT SELECT, INSERT, UPDATE ON registry.shadow_scores TO accunode_worker;
ALTER TABLE tenancy.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy.organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON tenancy.organizations FOR SELECT
    USING ((select nullif(current_setting('app.read_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (id = (select nullif(current_setting('app.organization_id', true), '')::uuid) or (select nullif(current_setting('app.read_reach', true), '')) = 'tenant')));
CREATE POLICY inserts ON tenancy.organizations FOR INSERT
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant'));
CREATE POLICY updates ON tenancy.organizations FOR UPDATE
    USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and ((select nullif(current_setting('app.write_reach', true), '')) = 'tenant' or ((select nullif(current_setting('app.write_reach', true), '')) = 'organization' and id = (select nullif(current_setting('app.organization_id', true), '')::uuid)))))
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and ((select nullif(current_setting('app.write_reach', true), '')) = 'tenant' or ((select nullif(current_setting('app.write_reach', true), '')) = 'organization' and id = (select nullif(current_setting('app.organization_id', true), '')::uuid)))));
GRANT SELECT ON tenancy.organizations TO accunode_auth;
GRANT SELECT, INSERT, UPDATE (name, name_key, max_users, global_data_access, join_token_hash, join_token_created_at, deleted_at, updated_at, version) ON tenancy.organizations TO accunode_tenants;
GRANT SELECT (tenant_id, id, global_data_access) ON tenancy.organizations TO accunode_predictions;
GRANT SELECT (tenant_id, id, global_data_access) ON tenancy.organizations TO accunode_bulk;
GRANT SELECT (tenant_id, id, global_data_access) ON tenancy.organizations TO accunode_worker;
ALTER TABLE tenancy.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy.tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON tenancy.tenants FOR SELECT
    USING (id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) or (select nullif(current_setting('app.read_reach', true), '')) = 'platform');
CREATE POLICY inserts ON tenancy.tenants FOR INSERT
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform');
CREATE POLICY updates ON tenancy.tenants FOR UPDATE
    USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and status = 'active' and deleted_at is null and purge_after is null))
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (select nullif(current_setting('app.write_reach', true), '')) = 'tenant' and status = 'active' and deleted_at is null and purge_after is null));
GRANT SELECT ON tenancy.tenants TO accunode_auth;
GRANT SELECT, INSERT, UPDATE (name, slug, status, settings, master_scale, deleted_at, purge_after, updated_at, version) ON tenancy.tenants TO accunode_tenants;
GRANT SELECT (id, status, master_scale) ON tenancy.tenants TO accunode_predictions;
GRANT SELECT (id, status) ON tenancy.tenants TO accunode_bulk;
GRANT SELECT (id, status, master_scale) ON tenancy.tenants TO accunode_worker;
ALTER TABLE tenancy.whitelist_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy.whitelist_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON tenancy.whitelist_entries FOR SELECT
    USING ((select nullif(current_setting('app.read_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and (organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid) or (select nullif(current_setting('app.read_reach', true), '')) = 'tenant')));
CREATE POLICY inserts ON tenancy.whitelist_entries FOR INSERT
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and ((select nullif(current_setting('app.write_reach', true), '')) = 'tenant' or ((select nullif(current_setting('app.write_reach', true), '')) = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)))));
CREATE POLICY updates ON tenancy.whitelist_entries FOR UPDATE
    USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and ((select nullif(current_setting('app.write_reach', true), '')) = 'tenant' or ((select nullif(current_setting('app.write_reach', true), '')) = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)))))
    WITH CHECK ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and ((select nullif(current_setting('app.write_reach', true), '')) = 'tenant' or ((select nullif(current_setting('app.write_reach', true), '')) = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)))));
CREATE POLICY deletes ON tenancy.whitelist_entries FOR DELETE
    USING ((select nullif(current_setting('app.write_reach', true), '')) = 'platform' or (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid) and ((select nullif(current_setting('app.write_reach', true), '')) = 'tenant' or ((select nullif(current_setting('app.write_reach', true), '')) = 'organization' and organization_id = (select nullif(current_setting('app.organization_id', true), '')::uuid)))));
GRANT SELECT, INSERT, UPDATE, DELETE ON tenancy.whitelist_entries TO accunode_tenants;
CREATE FUNCTION identity.find_sign_in(wanted text)
RETURNS TABLE (
    id uuid, password_hash text, status text, failed_sign_ins integer, locked_until timestamptz,
    email_verified_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT u.id, u.password_hash, u.status, u.failed_sign_ins, u.locked_until, u.email_verified_at
    FROM identity.users u WHERE u.email_key = wanted
$$;
REVOKE ALL ON FUNCTION identity.find_sign_in(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.find_sign_in(text) TO accunode_auth;
GRANT CREATE ON SCHEMA identity TO accunode_sign_in;
ALTER FUNCTION identity.find_sign_in(text) OWNER TO accunode_sign_in;
REVOKE CREATE ON SCHEMA identity FROM accunode_sign_in;
CREATE FUNCTION identity.keep_credentials_personal() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF OLD.status = 'anonymised' AND NEW.status <> 'anonymised' THEN
        RAISE insufficient_privilege USING MESSAGE = 'an anonymised person stays so';
    END IF;
    IF OLD.id IS NOT DISTINCT FROM nullif(current_setting('app.user_id', true), '')::uuid THEN
        RETURN NEW;
    END IF;
    IF NEW.password_hash IS NOT NULL AND NEW.password_hash IS DISTINCT FROM OLD.password_hash
       OR NEW.status <> 'anonymised' AND (NEW.email, NEW.email_key) IS DISTINCT FROM (OLD.email, OLD.email_key) THEN
        RAISE insufficient_privilege USING MESSAGE = 'only the person sets their password or changes their address';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION identity.keep_credentials_personal() FROM PUBLIC;
CREATE TRIGGER keep_credentials_personal BEFORE UPDATE ON identity.users
    FOR EACH ROW EXECUTE FUNCTION identity.keep_credentials_personal();
