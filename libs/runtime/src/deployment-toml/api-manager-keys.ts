/**
 * The keys of API Manager's deployment.toml (3.0 to 4.7), a table a line; `*` is every key below. Tables in which Keyward has
 * settings of its own are written out, so that a mistyped key is told from one that is merely not used.
 */
const TABLES = `
server: hostname node_ip mode base_path server_role proxy_context_path discard_empty_caches default_cache_timeout enableMTOM enableSwA
server: userAgent serverDetails server_details name version enable_port_forward disable_shutdown_from_ui disable_restart_from_ui
server: hide_menu_items clock_skew enable_email_username enable_shutdown_from_api webContextRoot web_context_root force_local_cache
server: send_stacktrace_details_with_faults drill_down_to_root_cause_for_fault_reason file_upload.*

apim: gateway_type enable_secure_vault enable_change_password
apim: ai.* analytics.* api_quota_limit.* auth_manager.* aws_lambda.* basic_authenticator.* cache.* cache_invalidation.* cors.*
apim: certificate_manager.* certificate_reloader.* correlation_logs.* datasource.* datasource_sync_runtime_artifacts.* devportal.*
apim: endpoint_config.* event_hub.* gateway.* gateway_notification.* governance.* hashing.* http_client.* idp.* jwt.*
apim: jwt_authenitcation.* jwt_authentication.* mcp.* mediation.* mediator_config.* monetization.* multi_tenancy.* mutual_ssl.*
apim: network_access_control.* notification.* oauth_config.* open_telemetry.* open_tracer.* organization_based_access_control.*
apim: platform_gateway.* product_rest_api.* proxy_config.* publisher.* redis_config.* rest_api.* sdk.* shutdown.* skip_list.*
apim: store.* sync_runtime_artifacts.* synapse_artifact_generator.* throttling.* token.* transaction_counter.* unlimited_tier.*
apim: webhooks.* workflow.* ws.* wss.*
apim.key_manager: username password type enable enable_registration enable_retriever enable_lightweight_apikey_generation
apim.key_manager: key_validation_handler_type key_validation_handler_impl key_manager_client_impl enable_provisioned_app_validation
apim.key_manager: enable_application_scopes_for_resident_km allow_subscription_validation_disabling skip_create_resident_key_manager
apim.key_manager: disable_retrieve_key_mapping enable_thrift_client thrift_client_port thrift_server_port thrift_server_host
apim.key_manager: enable_apikey_subscription_validation enable_oauth_app_validation pool.* configuration.* properties.*
apimgt: *

oauth: add_tenant_domain_to_access_token allow_default_requested_scopes_for_back_channel_grant allow_issuer_selection_for_sub_org_applications
oauth: allow_session_bound_tokens_after_idle_session_expiry allowed_scopes authorize_all_scopes auth_context_token_use_multivalue_separator
oauth: drop_unregistered_scopes drop_unrequested_oidc_scopes enable_jwt_token_validation_during_introspection
oauth: enable_legacy_session_bound_token_behaviour hash_token_algorithm hash_tokens_and_secrets prompt_consent prompt_login_consent
oauth: prompt_logout_consent remove_username_from_introspection_response_for_app_tokens restricted_query_parameters
oauth: remove_internal_prefix_from_mapped_roles_attribute_in_token show_display_name_in_consent_page timestamp_skew
oauth: use_app_authorized_scopes_as_default use_client_id_as_sub_claim_for_app_tokens use_sp_tenant_domain mtls_certificate_header
oauth: access_token.* authorization_code.* callback.* client_secret.* consent.* custom_grant_type.* custom_response_type.* dcr.* dcrm.*
oauth: endpoints.* extensions.* global_rbac_scope_issuer.* graceful_refresh_token_rotation.* impersonated_refresh_token.* introspect.*
oauth: jarm.* jwks_endpoint.* jwt.* listener.* multiple_client_secrets.* oidc.* par.* private_key_jwt.* response_mode.* response_type.*
oauth: revoked_token_headers_in_response.* scope_validator.* token.* token_cleanup.* token_encryption.* token_generation.*
oauth: token_persistence.* token_renewal.* token_type.* token_validator.*
oauth.token_validation: authorization_code_validity validation_response_jwt_validity
oauth.token_renewal: *
oauth.grant_type: account_switch.* ciba.* device_code.* implicit.* iwa_ntlm.* jwt_bearer.* kerberos.*
oauth.grant_type: organization_switch.* saml_bearer.* token_exchange.* uma_ticket.*
oauth.grant_type.password: allow_public_client allow_id_token allow_refresh_tokens grant_handler grant_validator
oauth.grant_type.client_credentials: allow_public_client allow_id_token allow_refresh_tokens grant_handler grant_validator
oauth.grant_type.authorization_code: allow_public_client allow_id_token allow_refresh_tokens grant_handler grant_validator
oauth.grant_type.refresh_token: allow_public_client allow_id_token allow_refresh_tokens grant_handler grant_validator

super_admin: *
user_store: *
realm_manager: *
database: *
datasource: *
keystore: *
truststore: *
encryption: *
secrets: *
runtime_secrets: *
security_audit: *
transport: *
passthru_http: *
n_http: *
message_builder: *
message_builders: *
message_formatter: *
message_formatters: *
custom_message_builders: *
custom_message_formatters: *
synapse_handlers: *
enabled_global_handlers: *
synapse_properties: *
mediation: *
mediators: *
throttle_properties: *
throttling: *
monetization: *
broker: *
qpid: *
adapter: *
output_adapter: *
event_handler: *
event_listener: *
eventlistener: *
service_provider: *
tenant_mgt: *
tenant_context: *
multi_tenancy: *
identity: *
identity_mgt: *
identity_provider: *
authentication: *
authentication_policy: *
authorization_manager: *
account_recovery: *
claim_management: *
consent_mgt: *
federated_user_account_association: *
user_account_association: *
role_mgt: *
recaptcha: *
session: *
session_data: *
cache: *
cors: *
saml: *
sts: *
passive_sts: *
scim: *
scim2: *
entitlement: *
resource: *
resource_access_control: *
rest_api_authentication: *
admin_service: *
internal_apis: *
admin_console: *
carbon_health_check: *
catalina: *
tomcat: *
error_page: *
http_access_log: *
xml_input_factory: *
default_cache_timeout: *
clustering: *
hazelcast: *
monitoring: *
metrics: *
diagnostic_tool: *
indexing: *
governance: *
registry: *
config_data: *
governance_data: *
static_configuration: *
version_resources: *
tasks: *
system: *
ui: *
`;

/** `server.hostname`, or `apim.cors.*` for every key below. */
export const API_MANAGER_KEYS: readonly string[] = [
  'config_endpoint',
  ...TABLES.split('\n')
    .map((line) => line.split(': '))
    .flatMap(([table, keys = '']) => keys.split(' ').map((key) => (key ? `${table}.${key}` : '')))
    .filter((key) => key !== ''),
];
