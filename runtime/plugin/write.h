// The three files that the plugin writes for FILE.proto, whose contract check.h has found good.
#pragma once

#include <string>

#include <google/protobuf/io/printer.h>

#include "plugin/names.h"

namespace chains::plugin {

using google::protobuf::io::Printer;

// FILE.chains.h: for each service its abstract class and the declaration of its chains::Contract.
void WriteHeader(const FileDescriptor& file, Printer& out);

// FILE.chains.cc: for each service a stub over a Channel, a guard with an Edge in front of any
// implementation, a server of bytes, and what a program can ask about the contract.
void WriteSource(const FileDescriptor& file, Printer& out);

// FILE.comments.cc: the comments of the file and of all that it imports, apart from code, so that
// an edit of a comment is none of a chainlet. Protobuf's own files are left out.
void WriteComments(const FileDescriptor& file, Printer& out);
// The variable that has them.
std::string CommentsOf(const FileDescriptor& file);

// A method as C++ declares it: "::chains::Task<::hello::Reply> Greet(::hello::Request request)".
std::string DeclarationOf(const MethodDescriptor& method);

}  // namespace chains::plugin
