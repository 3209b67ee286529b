// say_hello: answers hello.SayHello on a free port of the loopback.
package main

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"

	"hello"
)

type sayHello struct{}

func (sayHello) RunRemote(_ context.Context, request *hello.SayHelloRequest) (*hello.SayHelloResponse, error) {
	return &hello.SayHelloResponse{Result: "Hello, " + request.Name}, nil
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	hello.RegisterSayHelloServer(server, sayHello{})
	fmt.Println("listening on", listener.Addr())
	log.Fatal(server.Serve(listener))
}
