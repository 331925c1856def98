// A plugin for tests: all three kinds, and every way to misbehave. The kind is that of who starts it; what a call does
// is in its configuration (`{"do": "...", ...}`), what the program does as a whole in its arguments.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin"
)

var calls = flag.String("calls", "", "file to which every call is appended as a line of JSON")
var initError = flag.String("init-error", "", "what InitPlugin says")
var nonsense = flag.String("nonsense", "", "handshake: a first line that is none; wire: bytes that are no yamux")
var die = flag.Bool("die", false, "end before the handshake, with a complaint")

type served struct{ server any }

func (s served) Server(*plugin.MuxBroker) (any, error)              { return s.server, nil }
func (s served) Client(*plugin.MuxBroker, *rpc.Client) (any, error) { return nil, nil }

func main() {
	flag.Parse()
	if *die {
		fmt.Fprintln(os.Stderr, "cannot read the licence")
		os.Exit(7)
	}
	switch *nonsense {
	case "handshake":
		fmt.Println("Hello, I am a web server, listening on :8080")
		select {}
	case "wire":
		babble()
	}
	register()
	cookie := os.Getenv("ARGO_ROLLOUTS_RPC_PLUGIN")
	plugins := map[string]plugin.Plugin{
		"RpcMetricProviderPlugin": served{&MetricServer{}},
		"RpcStepPlugin":           served{&StepServer{}},
		"RpcTrafficRouterPlugin":  served{&RouterServer{}},
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "ARGO_ROLLOUTS_RPC_PLUGIN",
			MagicCookieValue: cookie,
		},
		Plugins: plugins,
	})
}

// babble greets as it should and then speaks another language.
func babble() {
	folder, err := os.MkdirTemp("", "plugin")
	if err != nil {
		panic(err)
	}
	path := filepath.Join(folder, "socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	fmt.Printf("1|1|unix|%s|netrpc\n", path)
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		connection.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	}
}

// Wish is what a call is told to do.
type Wish struct {
	Do      string
	Value   string
	Message string
	Size    int
	Times   int
	After   string
}

func wishOf(config json.RawMessage) Wish {
	wish := Wish{}
	if len(config) > 0 {
		if err := json.Unmarshal(config, &wish); err != nil {
			return Wish{Do: "error", Message: err.Error()}
		}
	}
	return wish
}

// misbehave does not return if the wish is to die or to hang.
func misbehave(wish Wish) {
	switch wish.Do {
	case "die":
		fmt.Fprintln(os.Stderr, "a bug of the plugin")
		os.Exit(3)
	case "hang":
		select {}
	case "freeze":
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		// The signal may come a moment later than the answer would.
		select {}
	case "slow":
		time.Sleep(300 * time.Millisecond)
	}
}

func record(method string, args any) {
	if *calls == "" {
		return
	}
	file, err := os.OpenFile(*calls, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	line, err := json.Marshal(map[string]any{"method": method, "args": args, "pid": os.Getpid()})
	if err != nil {
		panic(err)
	}
	file.Write(append(line, '\n'))
}

func initialised(resp *Failure) error {
	record("InitPlugin", nil)
	resp.ErrorString = *initError
	return nil
}
