module pantag.io/test/workload

go 1.26.0
