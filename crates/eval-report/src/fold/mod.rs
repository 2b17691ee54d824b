//! From the verdicts of all columns to what a report concludes: comparisons, slices, gates.

mod agreements;
mod gates;
mod pairs;
mod slices;

use eval_stats::{ClusterSums, CochranSums, Interval, ScoreSums, holm};
use scoring::Scores;

use crate::gate::Gate;
use crate::groups::{Clusters, Slicing};
use crate::numbers::{CONFIDENCE, grouped};
use crate::{
    Bounds, Comparison, Estimate, Finding, Method, Omnibus, Report, Role, Test, Warning,
    WarningKind, phrases,
};
pub(crate) use pairs::GAP;
use pairs::{Difference, Pairing, Said};

/// The level below which a p value shows a difference.
pub(crate) const LEVEL: f64 = 0.05;

/// What a report is to conclude from its columns.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conclude<'a> {
    /// The column to compare with, as [`Report::find`] takes it; the logged answers, or else the first column, when
    /// left out.
    pub baseline: Option<&'a str>,
    /// Which rows belong together, if not each stands for itself.
    pub clusters: Option<&'a Clusters>,
    /// The fields by whose values every column is reported once more.
    pub slices: &'a [Slicing],
    /// The gates.
    pub gates: &'a [Gate],
}

impl Report {
    /// Compares every column with the baseline, on all rows and on each slice, and decides the gates.
    ///
    /// `scores` are the verdicts of the columns of the report, in their order, by the scorers of the report. What
    /// cannot be concluded is said in the sentences; a baseline that is not there is replaced by the default one.
    ///
    /// ```
    /// use eval_report::{Column, ColumnSource, Conclude, Finding, Report, Role};
    /// use scoring::{Pass, Registry, Scores};
    ///
    /// let scorers = vec![Registry::builtin().build("function-call")?];
    /// let mut report = Report::new(["function-call"]);
    /// let mut all = Vec::new();
    /// for (label, part) in [("a", r#"{"functionCall":{"name":"f"}}"#), ("b", r#"{"text":"no"}"#)] {
    ///     let line = format!(r#"{{"response":{{"candidates":[{{"content":{{"parts":[{part}]}}}}]}}}}{}"#, "\n");
    ///     let mut scores = Scores::new(0, &scorers);
    ///     let summary = Pass::new(&scorers).run(line.repeat(12).as_bytes(), &mut scores)?;
    ///     let source = ColumnSource {
    ///         label, role: Role::Model, model: None, variant: None, scores: &scores, summary: &summary,
    ///     };
    ///     report.push(Column::of(source));
    ///     all.push(scores);
    /// }
    /// report.conclude(&all.iter().collect::<Vec<_>>(), &Conclude::default());
    /// assert_eq!(report.comparisons[0].finding, Finding::Worse);
    /// assert!(report.comparisons[0].sentence.starts_with("b is 100 points behind a on 12 rows; "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn conclude(&mut self, scores: &[&Scores], how: &Conclude<'_>) {
        self.cluster = how.clusters.map(|clusters| clusters.field().to_owned());
        for (column, scores) in scores.iter().enumerate() {
            for scorer in 0..self.scorers.len() {
                self.bound(column, scorer, scores, how.clusters);
            }
        }
        let baseline = self.choose_baseline(how.baseline);
        if let Some(baseline) = baseline.filter(|_| self.models.len() > 1) {
            self.baseline = self.models.get(baseline).map(crate::Column::title);
            for scorer in 0..self.scorers.len() {
                self.omnibus.extend(omnibus(self, scores, scorer));
                self.agreements.extend(agreements::of(self, scores, scorer, baseline));
                self.comparisons.extend(compared(self, scores, scorer, baseline, how.clusters));
            }
        }
        for slicing in how.slices {
            slices::fold(self, scores, slicing, baseline, how.clusters);
        }
        slices::adjust(&mut self.slices);
        for gate in how.gates {
            let result = gates::decided(self, scores, gate, how.clusters);
            self.gates.push(result);
        }
        self.note_groups(how);
    }

    /// The position of the baseline; a name that is not there is said to be.
    fn choose_baseline(&mut self, wanted: Option<&str>) -> Option<usize> {
        if let Some(name) = wanted {
            match self.find(name) {
                Ok(at) => return Some(at),
                Err(problem) => self.note(format!("the baseline: {problem}")),
            }
        }
        let logged = self.models.iter().position(|column| column.role == Role::Logged);
        logged.or((!self.models.is_empty()).then_some(0))
    }

    /// Puts the intervals where the column's own figures need the rows: of grades, and of rows in clusters.
    fn bound(
        &mut self,
        column: usize,
        scorer: usize,
        scores: &Scores,
        clusters: Option<&Clusters>,
    ) {
        let result = self.models.get_mut(column).and_then(|column| column.scores.get_mut(scorer));
        let Some(result) = result else { return };
        if clusters.is_none() && result.mean.is_none() {
            return;
        }
        let (mut plain, mut clustered) = (ScoreSums::default(), ClusterSums::default());
        for (at, row) in (0..scores.rows()).enumerate() {
            let Some(said) = Said::of(scores, scorer, row) else { continue };
            plain.push(said.value);
            if let Some(clusters) = clusters {
                clustered.push(said.value, clusters.of(at));
            }
        }
        if let Some(accuracy) = &mut result.accuracy
            && let Some(interval) =
                clustered.proportion(CONFIDENCE).and_then(|found| found.interval)
        {
            let Interval { low, high } = interval;
            let method = Method::ClusteredWilson;
            *accuracy = Estimate { low, high, method, ..*accuracy };
        }
        if result.mean.is_some() {
            let found = clustered.mean(CONFIDENCE).and_then(|found| found.interval);
            let found = found.and_then(|interval| interval.cut_to(0.0, 1.0));
            let (interval, method) = match found {
                Some(interval) => (Some(interval), Method::Clustered),
                None => of_grades(&plain, CONFIDENCE)
                    .map_or((None, Method::StudentT), |(interval, method)| {
                        (Some(interval), method)
                    }),
            };
            result.mean_interval = interval.map(|Interval { low, high }| Bounds {
                low,
                high,
                confidence: CONFIDENCE,
                method,
            });
        }
    }

    /// Says what to know of clusters and slices before believing a figure.
    fn note_groups(&mut self, how: &Conclude<'_>) {
        if let Some(clusters) = how.clusters {
            let (count, field) = (u64::from(clusters.count()), clusters.field());
            if count == 1 {
                self.note(format!(
                    "all rows have the same {field}: one cluster tells nothing about others, and the intervals of \
                     accuracy take each row for itself"
                ));
            } else if count < eval_stats::FEW_CLUSTERS {
                let few = eval_stats::FEW_CLUSTERS;
                self.note(format!(
                    "rows come in {count} clusters by {field}: with fewer than {few} the intervals are uncertain \
                     themselves, and tend to be too narrow"
                ));
            }
        }
        let of_one_cluster = |slice: &&crate::Slice| {
            slice.accuracy.is_some_and(|accuracy| accuracy.method == Method::Wilson)
        };
        let alone = self.slices.iter().filter(of_one_cluster).count();
        if alone > 0 && how.clusters.is_some_and(|clusters| clusters.count() > 1) {
            self.note(format!(
                "{} of slices rest on the rows of a single cluster: their intervals take each row for itself",
                if alone == 1 { "1 figure".to_owned() } else { format!("{alone} figures") }
            ));
        }
        for slicing in how.slices.iter().filter(|slicing| slicing.is_full()) {
            let most = grouped((slicing.groups() - 2) as u64);
            let field = slicing.field();
            self.note(format!(
                "{field} has more than {most} values: those met after the first {most} are taken together"
            ));
        }
    }

    fn note(&mut self, text: String) {
        self.warnings.push(Warning { kind: WarningKind::Note, column: None, text });
    }
}

/// Every column but the baseline against it, by one scorer; nothing by one that neither passes nor grades.
fn compared(
    report: &Report,
    scores: &[&Scores],
    scorer: usize,
    baseline: usize,
    clusters: Option<&Clusters>,
) -> Vec<Comparison> {
    let Some(b) = scores.get(baseline) else { return Vec::new() };
    let judges = |scores: &&Scores| {
        scores.tally(scorer).is_some_and(|tally| tally.scored == 0 || says_values(&tally))
    };
    if !scores.iter().all(judges) {
        return Vec::new();
    }
    let others = scores.iter().enumerate().filter(|(at, _)| *at != baseline);
    let mut found: Vec<(Comparison, Option<Difference>)> = others
        .filter_map(|(at, a)| {
            let names = [report.models.get(at)?.title(), report.models.get(baseline)?.title()];
            let scorer_name = report.scorers.get(scorer)?;
            if names.iter().any(|title| report.is_beside(scorer_name, title)) {
                return None;
            }
            let pairing = Pairing::of(a, b, scorer, clusters);
            Some(comparison(&pairing, scorer_name, names, [a, b], scorer))
        })
        .collect();
    adjust(&mut found);
    let several =
        found.iter().filter(|(_, found)| found.is_some_and(|it| it.test.is_some())).count();
    found
        .into_iter()
        .map(|(mut comparison, difference)| {
            comparison.test = difference.and_then(|difference| difference.test);
            comparison.finding = finding(difference.as_ref());
            comparison.sentence = phrases::comparison(&comparison, several);
            comparison
        })
        .collect()
}

/// Whether verdicts are passes or grades, and not labels alone.
pub(super) fn says_values(tally: &scoring::ScorerTally) -> bool {
    tally.passes + tally.fails + tally.values > 0
}

fn comparison(
    pairing: &Pairing,
    name: &str,
    [a, b]: [String; 2],
    scores: [&Scores; 2],
    scorer: usize,
) -> (Comparison, Option<Difference>) {
    let difference = pairing.difference();
    let submitted = scores[0].rows().max(scores[1].rows());
    let (rows_for_gap, detectable) = pairing.power();
    let [of_a, of_b] = scores.map(|scores| of_submitted(scores, scorer, submitted));
    let comparison = Comparison {
        scorer: name.to_owned(),
        a,
        b,
        rows: pairing.rows(),
        left_out: submitted - pairing.rows(),
        table: pairing.flips(),
        difference: difference.map(|difference| difference.value),
        difference_of_submitted: of_a.zip(of_b).map(|(a, b)| a - b),
        interval: difference.and_then(|difference| difference.interval),
        test: None,
        clusters: pairing.clusters(),
        rows_for_gap,
        detectable,
        finding: Finding::Nothing,
        sentence: String::new(),
    };
    (comparison, difference)
}

/// The mean verdict over all rows submitted, a row without one as wrong.
#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
fn of_submitted(scores: &Scores, scorer: usize, submitted: u64) -> Option<f64> {
    let tally = scores.tally(scorer)?;
    (submitted > 0).then(|| (tally.passes as f64 + tally.value_sum) / submitted as f64)
}

/// Holm's adjustment over the models that a scorer compares.
fn adjust(found: &mut [(Comparison, Option<Difference>)]) {
    let mut tests: Vec<&mut Test> =
        found.iter_mut().filter_map(|(_, difference)| difference.as_mut()?.test.as_mut()).collect();
    let alone: Vec<f64> = tests.iter().map(|test| test.p).collect();
    if let Some(adjusted) = holm(&alone).filter(|_| alone.len() > 1) {
        for (test, p) in tests.iter_mut().zip(adjusted) {
            test.adjusted_p = Some(p);
        }
    }
}

/// The interval of a mean of grades and how it was found: by the kind of verdict, not by the values it happens to have.
fn of_grades(sums: &ScoreSums, confidence: f64) -> Option<(Interval, Method)> {
    let (found, is_level) = sums.grades(confidence)?;
    let method = if is_level { Method::Wilson } else { Method::StudentT };
    found.interval.map(|interval| (interval, method))
}

/// What may be concluded: the test and the interval both have to say so.
fn finding(difference: Option<&Difference>) -> Finding {
    difference.map_or(Finding::Nothing, |it| found(it.value, it.interval, it.test))
}

/// The same of a difference in its parts.
pub(crate) fn found(value: f64, interval: Option<Bounds>, test: Option<Test>) -> Finding {
    let Some(interval) = interval else { return Finding::Nothing };
    let is_low = test.is_none_or(|test| test.decisive() < LEVEL);
    match (is_low && interval.leave_out_zero(), value > 0.0) {
        (false, _) => Finding::NoDifference,
        (true, true) => Finding::Better,
        (true, false) => Finding::Worse,
    }
}

/// Cochran's Q over three or more columns, on the rows that all have a pass or fail on.
fn omnibus(report: &Report, scores: &[&Scores], scorer: usize) -> Option<Omnibus> {
    if scores.len() < 3 {
        return None;
    }
    let rows = scores.iter().map(|scores| scores.rows()).min()?;
    let mut sums = CochranSums::new(scores.len());
    let mut verdicts = Vec::with_capacity(scores.len());
    for row in 0..rows {
        verdicts.clear();
        verdicts.extend(scores.iter().map_while(|scores| scores.passed(scorer, row)));
        if verdicts.len() == scores.len() {
            sums.push(&verdicts);
        }
    }
    let test = sums.test()?;
    let mut omnibus = Omnibus {
        scorer: report.scorers.get(scorer)?.clone(),
        columns: report.models.iter().map(crate::Column::title).collect(),
        rows: sums.rows(),
        q: test.q,
        df: test.df,
        p: test.p,
        sentence: String::new(),
    };
    omnibus.sentence = phrases::omnibus(&omnibus, report.cluster.is_some());
    Some(omnibus)
}
