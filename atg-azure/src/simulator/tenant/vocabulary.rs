//! The words that names, tags and places are made of.

/// An Azure region in both of its spellings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    /// As most services write it.
    pub(super) name: &'static str,
    /// As the older services write it.
    pub(super) display: &'static str,
    /// As people abbreviate it in names.
    pub(super) code: &'static str,
}

const fn region(name: &'static str, display: &'static str, code: &'static str) -> Region {
    Region { name, display, code }
}

pub(super) const REGIONS: [Region; 12] = [
    region("westeurope", "West Europe", "weu"),
    region("northeurope", "North Europe", "neu"),
    region("germanywestcentral", "Germany West Central", "gwc"),
    region("swedencentral", "Sweden Central", "sdc"),
    region("uksouth", "UK South", "uks"),
    region("francecentral", "France Central", "frc"),
    region("eastus", "East US", "eus"),
    region("eastus2", "East US 2", "eus2"),
    region("westus3", "West US 3", "wus3"),
    region("southeastasia", "Southeast Asia", "sea"),
    region("japaneast", "Japan East", "jpe"),
    region("australiaeast", "Australia East", "aue"),
];

/// What resource groups are for, at most 8 letters: a storage account's name has 24.
pub(super) const WORKLOADS: [&str; 24] = [
    "payments", "ordering", "catalog", "search", "billing", "identity", "mobile", "website",
    "intranet", "reports", "ingest", "telemtry", "ledger", "claims", "pricing", "loyalty",
    "shipping", "stock", "crm", "hr", "archive", "chat", "media", "gateway",
];

pub(super) const ENVIRONMENTS: [&str; 5] = ["prod", "test", "dev", "qa", "stg"];

/// Names with letters beyond ASCII and a character that JSON escapes: both are found in tags.
pub(super) const OWNERS: [&str; 10] = [
    "Amina Diallo",
    "Jörg Müller",
    "CONTOSO\\svc-deploy",
    "platform-team@contoso.example",
    "Wei Chen",
    "sre",
    "Priya Nair",
    "data \"north\" team",
    "O'Brien",
    "Łukasz Nowak",
];

pub(super) const COST_CENTERS: [&str; 8] =
    ["CC-1001", "CC-1002", "CC-2040", "CC-2075", "CC-3110", "CC-4500", "7001", "7002/EU"];

pub(super) const MACHINE_SIZES: [&str; 6] = [
    "Standard_D2s_v5",
    "Standard_D4s_v5",
    "Standard_E8as_v5",
    "Standard_B2ms",
    "Standard_F4s_v2",
    "Standard_D8ds_v4",
];
