#include <sqlite3.h>
#include <stdio.h>

static int show(void* context, int n_columns, char** values, char** names)
{
    (void)context;
    (void)names;
    if (n_columns == 1) printf("sqlite %s: %s\n", sqlite3_libversion(), values[0]);
    return 0;
}

int main(void)
{
    sqlite3* database;
    if (sqlite3_initialize() != SQLITE_OK) return 1;
    if (sqlite3_open(":memory:", &database) != SQLITE_OK) return 1;
    const char* script = "CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (40), (2); SELECT sum(x) FROM t";
    if (sqlite3_exec(database, script, show, NULL, NULL) != SQLITE_OK) return 1;
    return sqlite3_close(database);
}
