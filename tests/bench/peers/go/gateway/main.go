// gateway HELLO_ALL: grpc-gateway in front of hello.HelloAll, on a free port of the loopback.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/grpc-ecosystem/grpc-gateway/runtime"
	"google.golang.org/grpc"

	"hello"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: gateway HELLO_ALL")
	}
	mux := runtime.NewServeMux()
	err := hello.RegisterHelloAllHandlerFromEndpoint(
		context.Background(), mux, os.Args[1], []grpc.DialOption{grpc.WithInsecure()})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr())
	log.Fatal(http.Serve(listener, mux))
}
