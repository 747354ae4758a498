//! Logs, alerts, and what acts on them.

use super::{Blueprint, Envelope, Location, PLAIN, plain};
use crate::simulator::tenant::id::Spelling;
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static WORKSPACE: Blueprint = Blueprint {
    spelling: Spelling::LowerWord,
    ..Blueprint::new("Microsoft.OperationalInsights/workspaces", plain, workspace)
};

pub(in super::super) static COMPONENT: Blueprint = Blueprint {
    spelling: Spelling::LowerNamespace,
    ..Blueprint::new(
        "Microsoft.Insights/components",
        |_| Envelope { kind: "web", ..PLAIN },
        component,
    )
};

pub(in super::super) static ACTION_GROUP: Blueprint = Blueprint {
    spelling: Spelling::LowerNamespace,
    ..Blueprint::new(
        "Microsoft.Insights/actionGroups",
        |_| Envelope { location: Location::Global("Global"), ..PLAIN },
        action_group,
    )
};

pub(in super::super) static METRIC_ALERT: Blueprint = Blueprint::new(
    "Microsoft.Insights/metricAlerts",
    |_| Envelope { location: Location::Global("global"), ..PLAIN },
    metric_alert,
);

pub(in super::super) static ACTIVITY_ALERT: Blueprint = Blueprint {
    spelling: Spelling::LowerNamespace,
    ..Blueprint::new(
        "Microsoft.Insights/activityLogAlerts",
        |_| Envelope { location: Location::Global("Global"), ..PLAIN },
        activity_alert,
    )
};

pub(in super::super) static AUTOSCALE: Blueprint =
    Blueprint::new("Microsoft.Insights/autoscaleSettings", plain, autoscale);

fn workspace(place: &Place<'_>, w: &mut Writer<'_>) {
    w.text("customerId", place.guid(10));
    w.raw(r#""provisioningState":"Succeeded","sku":{"name":"PerGB2018"},"retentionInDays":30,"features":{"legacy":0,"searchVersion":1,"enableLogAccessUsingOnlyResourcePermissions":true}"#);
    w.object("workspaceCapping", |w| {
        w.raw(r#""dailyQuotaGb":-1.0,"dataIngestionStatus":"RespectQuota""#);
        w.text("quotaNextResetTime", place.time(11));
    });
    w.raw(r#""publicNetworkAccessForIngestion":"Enabled","publicNetworkAccessForQuery":"Enabled""#);
    w.text("createdDate", place.time(12));
    w.text("modifiedDate", place.time(13));
}

fn component(place: &Place<'_>, w: &mut Writer<'_>) {
    w.text("ApplicationId", place.name());
    w.text("AppId", place.guid(10));
    w.text("Name", place.name());
    w.raw(r#""Application_Type":"web","Flow_Type":"Bluefield","Request_Source":"rest","RetentionInDays":90,"IngestionMode":"LogAnalytics","Ver":"v2""#);
    w.text("InstrumentationKey", place.guid(11));
    let endpoint = (place.unit.region.name, ".in.applicationinsights.azure.com/");
    let key = ("InstrumentationKey=", place.guid(11));
    w.text("ConnectionString", (key, ";IngestionEndpoint=https://", endpoint));
    w.refer_text("WorkspaceResourceId", "LOGS_TO", place.shared(Position::Workspace));
    w.text("TenantId", place.tenant.subscription_id(place.unit.subscription));
    w.text("CreationDate", place.time(12));
    w.raw(r#""provisioningState":"Succeeded","SamplingPercentage":null,"publicNetworkAccessForIngestion":"Enabled","publicNetworkAccessForQuery":"Enabled""#);
}

fn action_group(place: &Place<'_>, w: &mut Writer<'_>) {
    w.text("groupShortName", place.unit.workload);
    w.raw(r#""enabled":true"#);
    w.list("emailReceivers", |w| {
        w.item(|w| {
            w.text("name", "on-call");
            w.text("emailAddress", (place.unit.workload, "-oncall@contoso.example"));
            w.raw(r#""status":"Enabled","useCommonAlertSchema":true"#);
        });
    });
    w.list("logicAppReceivers", |w| {
        w.item(|w| {
            w.text("name", "ticket");
            w.refer_text("resourceId", "REFERENCES", place.at(Position::LogicApp));
            w.raw(r#""callbackUrl":"","useCommonAlertSchema":true"#);
        });
    });
    w.list("automationRunbookReceivers", |w| {
        w.item(|w| {
            let account = place.at(Position::Automation);
            w.refer_text("automationAccountId", "REFERENCES", account);
            w.raw(r#""runbookName":"restart","isGlobalRunbook":false,"name":"restart","useCommonAlertSchema":true"#);
        });
    });
    w.raw(r#""smsReceivers":[],"webhookReceivers":[],"itsmReceivers":[],"azureAppPushReceivers":[],"voiceReceivers":[],"azureFunctionReceivers":[],"armRoleReceivers":[],"eventHubReceivers":[]"#);
}

fn metric_alert(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""description":"CPU above its limit","enabled":true,"autoMitigate":true,"evaluationFrequency":"PT1M","windowSize":"PT5M""#);
    w.member("severity", place.number(10, 5));
    w.list("scopes", |w| {
        w.refer_text_item("MONITORS", place.at(Position::Machine));
        w.refer_text_item("MONITORS", place.at(Position::SecondMachine));
    });
    w.text("targetResourceType", "Microsoft.Compute/virtualMachines");
    w.text("targetResourceRegion", place.unit.region.name);
    w.object("criteria", |w| {
        w.raw(r#""odata.type":"Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria""#);
        w.list("allOf", |w| {
            w.item(|w| {
                w.raw(r#""name":"cpu","metricNamespace":"Microsoft.Compute/virtualMachines","metricName":"Percentage CPU","operator":"GreaterThan","timeAggregation":"Average","criterionType":"StaticThresholdCriterion","dimensions":[]"#);
                w.member("threshold", place.number(11, 30) + 65);
            });
        });
    });
    w.list("actions", |w| {
        w.item(|w| {
            w.refer_text("actionGroupId", "NOTIFIES", place.at(Position::ActionGroup));
            w.raw(r#""webHookProperties":{}"#);
        });
    });
}

fn activity_alert(place: &Place<'_>, w: &mut Writer<'_>) {
    // Its own subscription: an ancestor, which makes no relationship.
    w.list("scopes", |w| {
        let subscription = place.tenant.subscription_id(place.unit.subscription);
        w.text_item(("/subscriptions/", subscription));
    });
    w.object("condition", |w| {
        w.list("allOf", |w| {
            w.item(|w| {
                w.raw(r#""field":"category","equals":"ServiceHealth""#);
                w.nulls(&["anyOf", "containsAny"]);
            });
            w.item(|w| {
                w.text("field", "properties.impactedServices[*].ImpactedRegions[*].RegionName");
                w.list("containsAny", |w| w.text_item(place.unit.region.display));
                w.nulls(&["anyOf", "equals"]);
            });
        });
    });
    w.object("actions", |w| {
        w.list("actionGroups", |w| {
            w.item(|w| {
                let group = place.at(Position::ActionGroup);
                w.refer_text("actionGroupId", "NOTIFIES", group);
                w.raw(r#""webhookProperties":{}"#);
            });
        });
    });
    w.raw(r#""enabled":true,"description":"The platform's own incidents""#);
}

fn autoscale(place: &Place<'_>, w: &mut Writer<'_>) {
    let set = place.at(Position::ScaleSet);
    w.text("name", place.name());
    w.raw(r#""enabled":true,"notifications":[]"#);
    w.text("targetResourceLocation", place.unit.region.name);
    w.refer_text("targetResourceUri", "SCALES", set);
    w.list("profiles", |w| {
        w.item(|w| {
            w.raw(r#""name":"default","capacity":{"minimum":"2","maximum":"12","default":"3"}"#);
            w.list("rules", |w| {
                w.item(|w| {
                    w.object("metricTrigger", |w| {
                        w.raw(r#""metricName":"Percentage CPU","metricNamespace":"","timeGrain":"PT1M","statistic":"Average","timeWindow":"PT5M","timeAggregation":"Average","operator":"GreaterThan","threshold":70.0"#);
                        w.refer_text("metricResourceUri", "REFERENCES", set);
                    });
                    w.raw(r#""scaleAction":{"direction":"Increase","type":"ChangeCount","value":"1","cooldown":"PT5M"}"#);
                });
            });
        });
    });
}
