use std::fs::Permissions;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_model::Digest;

use super::{Cache, Limits};

fn key(number: u32) -> Digest {
    Digest::of(&number.to_le_bytes())
}

fn value(number: u32) -> Vec<u8> {
    format!("value {number}").into_bytes()
}

fn fill(path: &Path, numbers: Range<u32>) {
    put(Cache::open(path, "1"), numbers);
}

fn put(cache: Cache, numbers: Range<u32>) {
    std::thread::scope(|scope| {
        for part in 0..4 {
            let (cache, numbers) = (&cache, numbers.clone());
            scope.spawn(move || {
                for number in numbers.filter(|number| number % 4 == part) {
                    cache.put(key(number), value(number));
                }
            });
        }
    });
    cache.save().unwrap();
}

fn hits(cache: &Cache, mut numbers: Range<u32>) -> usize {
    let is_hit = |number: &u32| {
        cache
            .get(&key(*number))
            .inspect(|got| assert_eq!(*got, value(*number)))
    };
    numbers
        .by_ref()
        .filter(|number| is_hit(number).is_some())
        .count()
}

/// The segments' files, the oldest first.
fn segments(path: &Path) -> Vec<PathBuf> {
    let entries = path.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some()).collect();
    files.sort();
    files
}

fn total_bytes(path: &Path) -> u64 {
    let files = segments(path);
    files
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_put_is_got_in_the_same_run_and_in_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/cache");
    let cache = Cache::open(&path, "1");
    cache.put(key(1), value(1));
    assert_eq!(cache.get(&key(1)), Some(value(1)));
    fill(&path, 0..3000);
    fill(&path, 2900..3100);
    assert_eq!(hits(&Cache::open(&path, "1"), 0..5000), 3100);
    assert_eq!(
        hits(&Cache::open(&path, "2"), 0..5000),
        0,
        "another version"
    );
    assert_eq!(mode(&path), 0o700);
    let files = segments(&path);
    assert_eq!(files.len(), 2);
    assert!(files.iter().all(|file| mode(file) == 0o600));
    assert_eq!(
        path.read_dir().unwrap().count(),
        3,
        "two segments and the lock"
    );
    hits(&Cache::open(&path, "1"), 0..5000);
    Cache::open(&path, "1").save().unwrap();
    assert_eq!(segments(&path), files, "nothing new is nothing to write");
}

/// The environment variable that makes this program's test one of the processes below.
const PART: &str = "PLIMSOLL_TEST_CACHE_PART";
const PART_OF: &str = "PLIMSOLL_TEST_CACHE_FOLDER";
const PROCESSES: u32 = 4;
const ROUNDS: u32 = 20;

#[test]
fn processes_that_save_at_once_lose_no_record() {
    let each = 50;
    if let (Ok(part), Some(folder)) = (std::env::var(PART), std::env::var_os(PART_OF)) {
        let part: u32 = part.parse().unwrap();
        for round in 0..ROUNDS {
            let start = (part * ROUNDS + round) * each;
            fill(Path::new(&folder), start..start + each);
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let name = "cache::tests::processes_that_save_at_once_lose_no_record";
    let start = |part: u32| {
        Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact"])
            .env(PART, part.to_string())
            .env(PART_OF, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..PROCESSES).map(start).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let all = PROCESSES * ROUNDS * each;
    let found = hits(&Cache::open(&path, "1"), 0..all);
    assert_eq!(found, usize::try_from(all).unwrap());
    let files = segments(&path);
    assert!(
        files.len() <= Cache::MAX_SEGMENTS,
        "merged: {}",
        files.len()
    );
    assert!(!path.join("unfinished").exists());
}

#[test]
fn a_damaged_file_never_gives_wrong_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    fill(&path, 0..5);
    let file = segments(&path).remove(0);
    let whole = std::fs::read(&file).unwrap();
    let mut lost = 0;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x41;
        std::fs::write(&file, &bytes).unwrap();
        lost += 5 - hits(&Cache::open(&path, "1"), 0..5);
        std::fs::write(&file, &whole[..at]).unwrap();
        assert_eq!(hits(&Cache::open(&path, "1"), 0..5), 0, "cut at {at}");
    }
    std::fs::write(&file, [&whole[..], b"x"].concat()).unwrap();
    assert_eq!(hits(&Cache::open(&path, "1"), 0..5), 0, "too long");
    // Every byte matters but the five marks.
    assert!(lost >= whole.len() - 5, "{lost} of {}", whole.len());
}

#[test]
fn a_damaged_record_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    fill(&path, 0..2);
    let file = segments(&path).remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let cache = Cache::open(&path, "1");
    let damaged = (0..2).find(|number| cache.get(&key(*number)).is_none());
    let damaged = damaged.unwrap();
    cache.put(key(damaged), value(damaged));
    assert_eq!(hits(&cache, 0..2), 2, "the new value counts at once");
    cache.save().unwrap();
    assert_eq!(hits(&Cache::open(&path, "1"), 0..2), 2);
}

#[test]
fn above_the_limit_what_was_not_used_since_the_last_time_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    fill(&path, 0..400);
    let limits = Limits {
        max_bytes: total_bytes(&path),
        max_segments: 16,
    };
    let open = || Cache::with_limits(&path, "1", limits);
    // This takes the marks off: until then all are used, having been new.
    put(open(), 400..450);
    assert!(total_bytes(&path) <= limits.max_bytes / 4 * 3 + 200);
    let kept = hits(&open(), 0..400);
    assert!((200..350).contains(&kept), "{kept}");
    assert_eq!(hits(&open(), 400..450), 50, "what is new stays");
    let cache = open();
    let used: Vec<u32> = (0..400)
        .filter(|number| cache.get(&key(*number)).is_some())
        .take(100)
        .collect();
    drop(cache);
    let cache = open();
    assert!(used.iter().all(|number| cache.get(&key(*number)).is_some()));
    cache.save().unwrap();
    put(open(), 1000..1120);
    assert!(total_bytes(&path) <= limits.max_bytes);
    let cache = open();
    assert!(
        used.iter().all(|number| cache.get(&key(*number)).is_some()),
        "used"
    );
    assert_eq!(hits(&cache, 1000..1120), 120, "new");
    assert!(hits(&cache, 0..450) < kept, "unused");
}

#[test]
fn many_segments_are_merged_and_foreign_ones_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    put(Cache::open(&path, "another"), 0..10);
    fill(&path, 0..2000);
    for number in 2000..2040 {
        fill(&path, number..number + 1);
        assert!(segments(&path).len() <= Cache::MAX_SEGMENTS);
    }
    assert_eq!(hits(&Cache::open(&path, "1"), 0..3000), 2040);
    assert_eq!(hits(&Cache::open(&path, "another"), 0..10), 0);
    let largest = segments(&path).remove(0);
    assert!(
        largest.metadata().unwrap().len() > total_bytes(&path) / 2,
        "the large one is left alone"
    );
}

#[test]
fn what_others_may_write_counts_as_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    fill(&path, 0..1);
    let file = segments(&path).remove(0);
    std::fs::set_permissions(&file, Permissions::from_mode(0o620)).unwrap();
    assert_eq!(hits(&Cache::open(&path, "1"), 0..1), 0);
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(hits(&Cache::open(&path, "1"), 0..1), 1);
    std::fs::set_permissions(&path, Permissions::from_mode(0o702)).unwrap();
    let cache = Cache::open(&path, "1");
    assert_eq!(hits(&cache, 0..1), 0, "the folder");
    cache.put(key(1), value(1));
    assert!(cache.save().is_err(), "and nothing is put there");
    std::fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(
        hits(&Cache::open(&path, "1"), 0..1),
        0,
        "a folder in its place"
    );
    assert_eq!(
        hits(&Cache::open(&folder.path().join("absent"), "1"), 0..1),
        0
    );
}

#[test]
fn what_a_killed_process_left_unfinished_is_not_read_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    fill(&path, 0..1);
    std::fs::write(path.join("unfinished"), "PLMFACT2").unwrap();
    fill(&path, 1..2);
    assert_eq!(hits(&Cache::open(&path, "1"), 0..2), 2);
    assert!(!path.join("unfinished").exists());
}
