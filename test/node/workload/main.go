// Command workload is what runs in the Pods of the tests: it starts, serves, uses memory and ends as its flags say.
// Without flags it waits for SIGTERM, which makes it a sandbox's first process too.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

func main() {
	port := flag.Int("port", 0, "serve / on it with the host's name; 0 serves nothing")
	readyAfter := flag.Duration("ready-after", 0, "until then / answers 503")
	linger := flag.Duration("linger", 0, "how long to stay after SIGTERM")
	stubborn := flag.Bool("stubborn", false, "ignore SIGTERM")
	exitAfter := flag.Duration("exit-after", -1, "end by itself after that; negative: never")
	code := flag.Int("code", 0, "exit code when it ends by itself")
	memory := flag.Int("memory", 0, "MiB to allocate and touch, all at once")
	disk := flag.Int("disk", 0, "MiB to write into --file")
	file := flag.String("file", "/data/file", "where --disk writes to")
	flag.Parse()

	// The first process of a sandbox is also the parent of its orphans.
	signal.Ignore(syscall.SIGCHLD)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	if *port != 0 {
		go serve(*port, time.Now().Add(*readyAfter))
	}
	fmt.Println("started", time.Now().UTC().Format(time.RFC3339Nano))
	held := make([]byte, *memory<<20)
	for index := 0; index < len(held); index += 4096 {
		held[index] = 1
	}
	if *disk > 0 {
		fill(*file, *disk)
	}
	var end <-chan time.Time
	if *exitAfter >= 0 {
		end = time.After(*exitAfter)
	}
	for {
		select {
		case <-end:
			runtime.KeepAlive(held)
			os.Exit(*code)
		case <-stop:
			fmt.Println("told to end", time.Now().UTC().Format(time.RFC3339Nano))
			if *stubborn {
				continue
			}
			time.Sleep(*linger)
			return
		}
	}
}

func serve(port int, ready time.Time) {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		if time.Now().Before(ready) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprintln(w, os.Getenv("HOSTNAME"))
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(fmt.Sprintf(":%d", port), nil))
}

func fill(file string, mebibytes int) {
	out, err := os.Create(file)
	for ; err == nil && mebibytes > 0; mebibytes-- {
		_, err = out.Write(make([]byte, 1<<20))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
