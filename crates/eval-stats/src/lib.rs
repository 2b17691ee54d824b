#![doc = include_str!("../README.md")]

mod agreement;
mod cluster;
mod gate;
mod interval;
mod many;
mod means;
mod number;
mod paired;
mod power;
mod proportion;
mod random;
mod resample;
mod special;
mod sums;
mod tries;
mod wins;

pub use agreement::{Agreement, Disagreement, kappa};
pub use cluster::{ClusteredMean, FEW_CLUSTERS, clustered_mean, clustered_proportion};
pub use gate::{
    Decision, Gate, at_least, decide, non_inferiority, non_inferiority_of_scores, two_sided,
};
pub use interval::Interval;
pub use many::{CochranQ, Comparison, benjamini_hochberg, cochran_q, compare_models, holm};
pub use means::{Mean, PairedMeans, mean, mean_score, paired_scores, paired_t};
pub use paired::{McNemar, PairedCounts, bonett_price, mcnemar, probability_better, tango};
pub use power::{
    Design, McNemarPower, mcnemar_power, paired_variance, unpaired_variance, variance_of_tries,
};
pub use proportion::{Prior, beta_interval, clopper_pearson, newcombe, proportion, wilson};
pub use resample::{
    Bootstrap, Bootstrapped, Flips, SignFlip, sign_flip, sign_flip_drawn, sign_flip_exact,
};
pub use special::normal_quantile;
pub use sums::{ClusterSums, CochranSums, ScoreSums};
pub use tries::{TrySpread, pass_at_k, pass_hat_k, try_spread};
pub use wins::{WinRate, win_rate};
