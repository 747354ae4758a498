//! Where the resources come from: the simulator, recorded answers, or Azure itself.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use atg_azure::simulator::{Limits, Simulator, TenantSpec};
use atg_azure::{
    AccessToken, ArmClient, AzureSource, Cloud, RecordedSource, ReqwestTransport, SourceSettings,
    StaticToken, Transport,
};
use atg_cache::Caller;
use atg_core::{Error, ErrorKind, Pace, ResourceSource, Result};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::answers::Answers;
use crate::options::{LimitsOption, Options};
use crate::pace::PaceOption;

/// A source, and what to call it in the report.
pub(crate) struct Origin {
    pub(crate) source: Arc<dyn ResourceSource>,
    pub(crate) name: String,
    pub(crate) tenant_id: String,
    pub(crate) answers: Answers,
}

/// The source that the options ask for.
pub(crate) fn open(options: &Options) -> Result<Origin> {
    let answers = Answers::open(options)?;
    if let Some(folder) = &options.replay {
        let source = RecordedSource::open(folder)?;
        let summary = source.summary();
        let name = format!(
            "recorded answers in {} ({} answers in {} files, {} of them errors; {} records of {} \
             resources)",
            folder.display(),
            summary.answers,
            summary.files,
            summary.errors,
            summary.records,
            summary.resources,
        );
        return Ok(Origin { source: Arc::new(source), name, tenant_id: String::new(), answers });
    }
    if options.azure { azure(options, answers) } else { simulator(options, answers) }
}

/// What a principal sees of a tenant through a client.
fn tenant<T: Transport + 'static, P: Pace + 'static>(
    client: ArmClient<T, P>,
    options: &Options,
    answers: &Answers,
    tenant: &str,
    principal: &str,
) -> Arc<dyn ResourceSource> {
    let client = client.with_identity(tenant, principal);
    let caller = Caller::new(tenant, principal);
    let listed_types = options.list_types.clone();
    let settings = SourceSettings { listed_types, ..SourceSettings::default() };
    let source = AzureSource::new(client).with_settings(settings);
    Arc::new(source.with_cache(answers.cache.clone(), caller))
}

fn simulator(options: &Options, answers: Answers) -> Result<Origin> {
    let mut spec = TenantSpec::sized(options.resources, options.subscriptions);
    spec.seed = options.seed;
    spec.missing_from_graph.clone_from(&options.list_types);
    let limits = match options.limits {
        LimitsOption::Azure => Limits::azure(),
        LimitsOption::None => Limits::none(),
    };
    let simulator = Simulator::builder(spec)
        .seed(options.seed)
        .limits(limits)
        .latency_of(Duration::from_millis(options.latency_ms))
        .fault_rate(options.fault_rate)
        .build()?;
    let tenant_id = simulator.tenant().tenant_id().to_owned();
    let token = StaticToken::new(AccessToken::new("simulated")?);
    let cloud = Cloud::public()?;
    let client = ArmClient::with_pace(simulator, token, cloud, PaceOption::of(options));
    let source = tenant(client, options, &answers, &tenant_id, "simulated");
    let name = format!(
        "simulated tenant ({} resources, {} subscriptions, seed {})",
        options.resources, options.subscriptions, options.seed
    );
    Ok(Origin { source, name, tenant_id, answers })
}

fn azure(options: &Options, answers: Answers) -> Result<Origin> {
    let tenant_id = variable("AZURE_TENANT_ID", "the tenant's id")?;
    let secret = variable(
        "AZURE_ACCESS_TOKEN",
        "a token: az account get-access-token --query accessToken -o tsv",
    )?;
    let principal = identity(&secret);
    let token = AccessToken::new(secret).map_err(|error| {
        let message = "AZURE_ACCESS_TOKEN holds no token; get a new one: az account \
                       get-access-token --query accessToken -o tsv";
        Error::new(ErrorKind::InvalidInput, "sign in", message).with_source(error)
    })?;
    let token = StaticToken::new(token);
    let transport = ReqwestTransport::new()?;
    let client = ArmClient::with_pace(transport, token, Cloud::public()?, PaceOption::of(options));
    let name = format!("Azure tenant {tenant_id}");
    let source = tenant(client, options, &answers, &tenant_id, &principal);
    Ok(Origin { source, name, tenant_id, answers })
}

/// Whose token it is: the object id that Azure puts into it; where it does not, a number of the
/// token's own, so that nobody is served what another may see.
fn identity(token: &str) -> String {
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims = payload.and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok());
    let object = claims.as_ref().and_then(|claims| claims.get("oid")?.as_str());
    object.map_or_else(
        || {
            let mut hasher = DefaultHasher::new();
            token.hash(&mut hasher);
            format!("token-{:016x}", hasher.finish())
        },
        str::to_owned,
    )
}

fn variable(name: &str, what: &str) -> Result<String> {
    let value = std::env::var(name).unwrap_or_default();
    if value.trim().is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "sign in",
            format!("--azure needs the environment variable {name}: {what}"),
        ));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::identity;

    #[test]
    fn a_token_tells_whose_it_is() {
        // {"oid":"someone","tid":"t"}
        let token = "e30.eyJvaWQiOiJzb21lb25lIiwidGlkIjoidCJ9.c2lnbmVk";
        assert_eq!(identity(token), "someone");
        assert!(identity("opaque").starts_with("token-"));
        assert_ne!(identity("opaque"), identity("other"));
    }
}
