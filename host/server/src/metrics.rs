//! Figures for Prometheus, in OpenMetrics text. They name workspaces and connector instances, and nothing of any mail. Whoever may
//! see one workspace gets what is told apart by workspace, and no figure of the whole host.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use relais_router::{BUCKETS, Counts, Histogram, LaneMeasure, Measures, Router, WorkspaceName};

/// The figures as they are now, of one workspace or of all.
pub fn text(router: &Arc<Router>, of: Option<&WorkspaceName>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("relais");
    registry.register_collector(Box::new(Figures {
        measures: router.measures(),
        counts: router.book().counts(),
        unreadable: router.book().unreadable(),
        of: of.cloned(),
    }));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Figures {
    measures: Measures,
    counts: Counts,
    unreadable: usize,
    of: Option<WorkspaceName>,
}

impl Collector for Figures {
    fn encode(&self, mut to: DescriptorEncoder) -> fmt::Result {
        if self.of.is_none() {
            self.host(&mut to)?;
        }
        self.deliveries(&mut to)?;
        self.lanes(&mut to)
    }
}

impl Figures {
    /// What concerns the whole host.
    fn host(&self, to: &mut DescriptorEncoder) -> fmt::Result {
        let measures = &self.measures;
        for (name, help, value) in [
            ("accepted", "Mails that were accepted", measures.accepted),
            (
                "replayed",
                "Mails that had been accepted before, by their idempotency key",
                measures.replayed,
            ),
            (
                "refused",
                "Mails that were refused or could not be stored",
                measures.refused,
            ),
            ("attempts", "Attempts to send", measures.attempts),
            (
                "sessions_opened",
                "Sessions of connectors that were opened",
                measures.sessions_opened,
            ),
            (
                "sessions_failed",
                "Sessions of connectors that could not be opened",
                measures.sessions_failed,
            ),
            ("notices", "Failure notices and alerts", measures.notices),
            (
                "store_faults",
                "Times that an outcome could not be stored at once",
                measures.store_faults,
            ),
            ("clock_jumps", "Times that the clock jumped", measures.clock_jumps),
        ] {
            counter(to, name, help, None, value)?;
        }
        let bytes = Some(&Unit::Bytes);
        counter(
            to,
            "accepted",
            "Bytes of the mails that were accepted",
            bytes,
            measures.accepted_bytes,
        )?;
        self.recipients(to)?;
        histogram(
            to,
            "accepting",
            "From the call to the durable acceptance",
            &measures.accepting,
        )?;
        histogram(to, "attempting", "One attempt", &measures.attempting)?;
        histogram(
            to,
            "delivering",
            "From the acceptance to the end of what was sent",
            &measures.delivering,
        )?;
        let mut sessions = to.encode_descriptor("sessions", "Sessions that are open", None, MetricType::Gauge)?;
        sessions.encode_gauge(&number(measures.sessions as u64))?;
        let help = "Deliveries that are set aside, since their record cannot be read";
        let mut unreadable = to.encode_descriptor("deliveries_unreadable", help, None, MetricType::Gauge)?;
        unreadable.encode_gauge(&number(self.unreadable as u64))
    }

    /// Whether a workspace is among those that are told of.
    fn tells(&self, workspace: &WorkspaceName) -> bool {
        self.of.as_ref().is_none_or(|of| of == workspace)
    }

    fn recipients(&self, to: &mut DescriptorEncoder) -> fmt::Result {
        let help = "Recipients by the state in which an attempt left them";
        let mut family = to.encode_descriptor("recipients", help, None, MetricType::Counter)?;
        for (state, count) in &self.measures.recipients {
            let labels = [("state", state.word())];
            ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn deliveries(&self, to: &mut DescriptorEncoder) -> fmt::Result {
        let help = "Deliveries in the journal, by their state";
        let mut family = to.encode_descriptor("deliveries", help, None, MetricType::Gauge)?;
        for (path, state, count) in self.counts.iter().filter(|(path, ..)| self.tells(&path.workspace)) {
            let labels = [
                ("workspace", path.workspace.as_str()),
                ("instance", path.name.as_str()),
                ("state", state.word()),
            ];
            ConstGauge::new(number(count)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn lanes(&self, to: &mut DescriptorEncoder) -> fmt::Result {
        type Figure = fn(&LaneMeasure) -> u64;
        let figures: [(&str, &str, Figure); 2] = [
            (
                "lane_workers",
                "Sessions that work for a connector instance, or are about to",
                |lane| lane.workers.into(),
            ),
            (
                "lane_paused",
                "1 where a connector instance pauses after a failure of its own",
                |lane| lane.paused_for.is_some().into(),
            ),
        ];
        for (name, help, figure) in figures {
            let mut family = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for lane in self
                .measures
                .lanes
                .iter()
                .filter(|lane| self.tells(&lane.path.workspace))
            {
                let labels = [
                    ("workspace", lane.path.workspace.as_str()),
                    ("instance", lane.path.name.as_str()),
                ];
                ConstGauge::new(number(figure(lane))).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// A gauge's number.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn counter(to: &mut DescriptorEncoder, name: &str, help: &str, unit: Option<&Unit>, value: u64) -> fmt::Result {
    let encoder = to.encode_descriptor(name, help, unit, MetricType::Counter)?;
    ConstCounter::new(value).encode(encoder)
}

fn histogram(to: &mut DescriptorEncoder, name: &str, help: &str, measured: &Histogram) -> fmt::Result {
    let mut encoder = to.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
    let bounds = BUCKETS.into_iter().chain([f64::MAX]);
    let buckets: Vec<(f64, u64)> = bounds.zip(measured.counts).collect();
    let count = measured.counts.iter().sum();
    encoder.encode_histogram::<[(&str, &str); 0]>(measured.sum, count, &buckets, None)
}
