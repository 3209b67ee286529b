// hello_all SAY_HELLO: answers hello.HelloAll on a free port of the loopback, with a call to
// SAY_HELLO for each name, all at once.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"sync"

	"google.golang.org/grpc"

	"hello"
)

type helloAll struct{ sayHello hello.SayHelloClient }

func (h helloAll) RunRemote(ctx context.Context, request *hello.HelloAllRequest) (*hello.HelloAllResponse, error) {
	lines := make([]string, len(request.Names))
	errs := make([]error, len(request.Names))
	var calls sync.WaitGroup
	calls.Add(len(request.Names))
	for i, name := range request.Names {
		go func(i int, name string) {
			defer calls.Done()
			said, err := h.sayHello.RunRemote(ctx, &hello.SayHelloRequest{Name: name})
			lines[i], errs[i] = said.GetResult(), err
		}(i, name)
	}
	calls.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return &hello.HelloAllResponse{Result: strings.Join(lines, "\n")}, nil
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: hello_all SAY_HELLO")
	}
	connection, err := grpc.Dial(os.Args[1], grpc.WithInsecure())
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	hello.RegisterHelloAllServer(server, helloAll{hello.NewSayHelloClient(connection)})
	fmt.Println("listening on", listener.Addr())
	log.Fatal(server.Serve(listener))
}
