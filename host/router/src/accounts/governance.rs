//! What a workspace allows of accounts: by which flows, and of which providers. What is absent allows all.

use relais_manifest::Flow;

use super::problem::Problem;
use crate::store::WorkspaceRow;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Governance {
    /// None allows every flow.
    pub flows: Option<Vec<Flow>>,
    /// Ids of providers; none allows every one.
    pub providers: Option<Vec<String>>,
}

impl Governance {
    /// What a workspace allows. A flow that this version does not know allows nothing here.
    pub(crate) fn of(row: &WorkspaceRow) -> Self {
        let flows = row.account_flows.as_ref();
        Self {
            flows: flows.map(|flows| flows.iter().filter_map(|word| Flow::from_word(word)).collect()),
            providers: row.account_providers.clone(),
        }
    }

    pub(crate) fn allows_flow(&self, flow: Flow) -> bool {
        self.flows.as_ref().is_none_or(|flows| flows.contains(&flow))
    }

    pub(crate) fn allows_provider(&self, provider: &str) -> bool {
        let listed = |providers: &Vec<String>| providers.iter().any(|allowed| allowed == provider);
        self.providers.as_ref().is_none_or(listed)
    }

    /// Why an account is not allowed that came by that flow from that provider.
    pub(super) fn forbids(&self, provider: &str, flow: &str) -> Option<Problem> {
        if !self.allows_provider(provider) {
            return Some(Problem::forbidden("provider", provider));
        }
        let allowed = Flow::from_word(flow).is_some_and(|flow| self.allows_flow(flow));
        (!allowed).then(|| Problem::forbidden("flow", flow))
    }
}
