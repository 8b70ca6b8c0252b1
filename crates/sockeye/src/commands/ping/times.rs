//! Round-trip times of one target: the least, the median, the 99th percentile, the greatest, and how they spread.

use std::collections::VecDeque;
use std::time::Duration;

use crate::limits::PING_TIMES_KEPT;

/// Round-trip times; of the first ones only the least and the greatest are kept, once there are many.
#[derive(Debug, Default)]
pub(super) struct Times {
    kept: VecDeque<Duration>,
    ends: Option<(Duration, Duration)>,
}

/// How round-trip times spread.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spread {
    /// The least.
    pub(super) least: Duration,
    /// Half are at most this; between two it is their mean.
    pub(super) median: Duration,
    /// 99 of 100 are at most this: the nearest rank.
    pub(super) p99: Duration,
    /// The greatest.
    pub(super) greatest: Duration,
    /// From the least to the greatest in steps that grow by the same factor: where each ends, and how many are in it.
    pub(super) steps: Vec<(Duration, usize)>,
}

impl Times {
    /// One more.
    pub(super) fn add(&mut self, took: Duration) {
        if self.kept.len() == PING_TIMES_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(took);
        let (least, greatest) = self.ends.unwrap_or((took, took));
        self.ends = Some((least.min(took), greatest.max(took)));
    }

    /// What they come to; `None` where there are none.
    pub(super) fn spread(&self) -> Option<Spread> {
        let (least, greatest) = self.ends?;
        let mut sorted: Vec<Duration> = self.kept.iter().copied().collect();
        sorted.sort_unstable();
        let middle = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            0 => (sorted[middle - 1] + sorted[middle]) / 2,
            _ => sorted[middle],
        };
        let p99 = sorted[(sorted.len() * 99).div_ceil(100) - 1];
        Some(Spread {
            least,
            median,
            p99,
            greatest,
            steps: steps(&sorted),
        })
    }
}

/// Counts sorted times in steps; a single step where they are all the same.
fn steps(sorted: &[Duration]) -> Vec<(Duration, usize)> {
    let nanos = |time: Duration| (time.as_nanos() as f64).max(1.0);
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else {
        return Vec::new();
    };
    if first == last {
        return vec![(last, sorted.len())];
    }
    let factor = (nanos(last) / nanos(first)).powf(1.0 / STEPS as f64);
    let mut steps: Vec<(Duration, usize)> = (1..=STEPS)
        .map(|step| {
            let end = nanos(first) * factor.powi(step as i32);
            (Duration::from_nanos(end as u64), 0)
        })
        .collect();
    if let Some(end) = steps.last_mut() {
        end.0 = last;
    }
    for time in sorted {
        let step = steps.iter().position(|(end, _)| time <= end);
        steps[step.unwrap_or(STEPS - 1)].1 += 1;
    }
    steps
}

/// The steps as a line of bars, the fullest of full height; an empty step is a dot.
pub(super) fn picture(steps: &[(Duration, usize)], ascii: bool) -> String {
    let bars: [char; 8] = match ascii {
        true => ['1', '2', '3', '4', '5', '6', '7', '8'],
        false => ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
    };
    let fullest = steps.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let bar = |count: usize| match count {
        0 => '.',
        count => bars[(count * bars.len()).div_ceil(fullest.max(1)) - 1],
    };
    steps.iter().map(|(_, count)| bar(*count)).collect()
}

/// How many steps there are from the least to the greatest.
const STEPS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(millis: impl IntoIterator<Item = u64>) -> Spread {
        let mut times = Times::default();
        for milli in millis {
            times.add(Duration::from_millis(milli));
        }
        times.spread().unwrap()
    }

    fn millis(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn nothing_comes_to_nothing() {
        assert_eq!(Times::default().spread(), None);
        assert_eq!(picture(&[], false), "");
    }

    #[test]
    fn the_figures_do_not_depend_on_the_order() {
        for times in [[5, 1, 4, 2], [1, 2, 4, 5]] {
            let spread = spread(times);
            assert_eq!(spread.least, millis(1));
            assert_eq!(spread.median, millis(3));
            assert_eq!(spread.p99, millis(5));
            assert_eq!(spread.greatest, millis(5));
        }
    }

    #[test]
    fn one_slow_of_a_hundred_is_beyond_the_99th_percentile() {
        let spread = spread((0..99).map(|_| 1).chain([500]));
        assert_eq!(spread.p99, millis(1));
        assert_eq!(spread.greatest, millis(500));
        assert_eq!(spread.steps[0].1, 99);
        assert_eq!(spread.steps[9], (millis(500), 1));
        assert_eq!(picture(&spread.steps, false), "█........▁");
        assert_eq!(picture(&spread.steps, true), "8........1");
    }

    #[test]
    fn every_time_is_in_one_step() {
        for times in [vec![7], vec![7, 7, 7], vec![0, 1], (0..1000).collect()] {
            let count = times.len();
            let steps = spread(times).steps;
            assert_eq!(steps.iter().map(|(_, count)| count).sum::<usize>(), count);
        }
    }

    #[test]
    fn the_least_is_known_when_it_is_long_ago() {
        let many = PING_TIMES_KEPT as u64;
        let spread = spread([1].into_iter().chain((0..many).map(|_| 9)));
        assert_eq!((spread.least, spread.median), (millis(1), millis(9)));
    }
}
