module remotemedia-example

go 1.19
