// Table: rows in columns that are as wide as they must be.
//
//   Table table({"CHAIN", "STATE"});
//   table.Add({{"hello"}, {"active", Style::kGood}});
//   table.Print(terminal);
//
// Cells are made safe. Without rows nothing is printed, headings neither.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "deploy/cli/terminal/terminal.h"

namespace chains::deploy::cli {

class Table {
 public:
  struct Cell {
    std::string text = {};
    std::optional<Style> style = std::nullopt;
  };

  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  // As many cells as there are headings.
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  // On `out`; each line begins with `indent` spaces and ends without any.
  void Print(const Terminal& terminal, size_t indent = 0) const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace chains::deploy::cli
