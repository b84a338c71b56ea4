//! Only proven health is health.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plimsoll_environment::{EnvironmentError, HealthOutcome, Seen};

use crate::shop::{SERVER, Shop, output, stranger, wait_for_listener};

#[test]
fn a_process_that_ends_is_reported_at_once_with_its_last_words() {
    let shop = Shop::new();
    let started = Instant::now();
    let server = shop
        .serve("[print('line', n) for n in range(1000)]; print('no database', file=sys.stderr); sys.exit(1)");
    let report = shop.health(&server);
    assert_eq!(report.outcome, HealthOutcome::Exited);
    assert_eq!(report.log.last().unwrap(), "no database");
    assert_eq!(report.log.len(), 20);
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "not after the whole time"
    );
    assert_eq!(shop.now().instances, []);
}

#[test]
fn a_program_that_cannot_be_run_says_so() {
    let mut shop = Shop::new();
    shop.config.run = vec!["/absent/interpreter".to_owned(), "{artifact}".to_owned()];
    let server = shop.serve("");
    let report = shop.health(&server);
    assert_eq!(report.outcome, HealthOutcome::Exited);
    assert!(
        report.log.join("\n").contains("/absent/interpreter"),
        "{:?}",
        report.log
    );
}

/// What a server does, whether it becomes healthy, and what must have been seen.
type Case = (&'static str, HealthOutcome, fn(&Seen) -> bool);

const CASES: &[Case] = &[
    ("STATUS = 500; serve()", HealthOutcome::NotInTime, |seen| {
        *seen == Seen::Status { status: 500 }
    }),
    ("STATUS = 302; serve()", HealthOutcome::NotInTime, |seen| {
        *seen == Seen::Status { status: 302 }
    }),
    ("STATUS = 204; serve()", HealthOutcome::Healthy, |seen| {
        *seen == Seen::Status { status: 204 }
    }),
    ("time.sleep(600)", HealthOutcome::NotInTime, |seen| {
        *seen == Seen::NobodyListens
    }),
    ("PORT = 0; serve()", HealthOutcome::NotInTime, |seen| {
        *seen == Seen::NobodyListens
    }),
    (
        "import socket; s = socket.create_server(('127.0.0.1', PORT)); time.sleep(600)",
        HealthOutcome::NotInTime,
        |seen| matches!(seen, Seen::NoAnswer { .. }),
    ),
    (
        "import itertools
answers = itertools.cycle([200, 500])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(next(answers)); self.end_headers()
serve()",
        HealthOutcome::NotInTime,
        |seen| *seen == Seen::Status { status: 200 },
    ),
    (
        "if os.fork() == 0: serve()
time.sleep(600)",
        HealthOutcome::Healthy,
        |seen| *seen == Seen::Status { status: 200 },
    ),
];

#[test]
fn only_two_good_answers_in_a_row_are_healthy() {
    std::thread::scope(|scope| {
        for (lines, outcome, seen) in CASES {
            scope.spawn(move || {
                let mut shop = Shop::new();
                shop.config.health.within_ms = if *outcome == HealthOutcome::Healthy {
                    60_000
                } else {
                    2000
                };
                let server = shop.serve(lines);
                if !seen(&Seen::NobodyListens) {
                    wait_for_listener(shop.port);
                }
                let report = shop.health(&server);
                assert_eq!(report.outcome, *outcome, "{lines}: {report:?}");
                assert!(
                    report.attempts.iter().any(|attempt| seen(&attempt.seen)),
                    "{lines}: {report:?}"
                );
            });
        }
    });
}

#[test]
fn a_stranger_that_answers_never_counts() {
    let mut shop = Shop::new();
    shop.config.health.within_ms = 1500;
    let waits = format!("{SERVER}time.sleep(600)\n");
    let waiting = [shop.keep(&waits)];
    let child = stranger(shop.port);
    let taken = shop.apply(&waiting, &[]);
    let by = format!("process {} (", child.0.id());
    assert!(
        matches!(&taken, Err(EnvironmentError::AddressTaken { by: got, .. }) if got.starts_with(&by)),
        "{taken:?}"
    );
    drop(child);

    shop.apply(&waiting, &[]).unwrap();
    let child = stranger(shop.port);
    let url = format!("http://127.0.0.1:{}/health", shop.port);
    assert_eq!(
        output("curl", &["-s", &url]),
        "ok",
        "the trap works: it answers"
    );
    let report = shop.health(&waiting[0]);
    assert_eq!(report.outcome, HealthOutcome::NotInTime);
    let by = format!("process {} (", child.0.id());
    let is_foreign =
        |seen: &Seen| matches!(seen, Seen::ForeignListener { by: got } if got.starts_with(&by));
    assert!(
        report
            .attempts
            .iter()
            .any(|attempt| is_foreign(&attempt.seen)),
        "{report:?}"
    );
    assert!(
        !report
            .attempts
            .iter()
            .any(|attempt| matches!(attempt.seen, Seen::Status { .. })),
        "{report:?}"
    );
}

#[test]
fn a_health_check_is_called_off() {
    let shop = Shop::new();
    let server = shop.serve("time.sleep(600)");
    let cancelled = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(200));
            cancelled.store(true, Ordering::Relaxed);
        });
        let report = shop.health_unless(&server, &|| cancelled.load(Ordering::Relaxed));
        assert_eq!(report.outcome, HealthOutcome::Cancelled);
        assert!(report.elapsed_ms < 5000);
    });
}
