use engine::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let e = Engine::new(a[1].clone());
    let tag = "imgpipe-try:1".parse().unwrap();
    let text = std::fs::read_to_string(&a[2]).unwrap();
    if let Some(s) = a.get(3) {
        let s: u64 = s.parse().unwrap();
        std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(s));
            println!("KILL");
            kill_all();
        });
    }
    let t = std::time::Instant::now();
    let r = e.build(&Build::new(BuildFile::Text(&text), &tag), |l| {
        println!("| {l}")
    });
    println!("{:?} {:?}", t.elapsed(), r);
}
