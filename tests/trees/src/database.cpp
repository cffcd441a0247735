#include "report.h"

#include <sqlite3.h>

void report_database()
{
    require(sqlite3_initialize() == SQLITE_OK, "sqlite begins");
    sqlite3* database = nullptr;
    require(sqlite3_open(":memory:", &database) == SQLITE_OK, "a database opens");
    sqlite3_stmt* statement = nullptr;
    require(sqlite3_prepare_v2(database, "SELECT 40 + 2", -1, &statement, nullptr) == SQLITE_OK, "a query is understood");
    require(sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) == 42, "40 + 2 = 42");
    sqlite3_finalize(statement);
    sqlite3_close(database);
    sqlite3_shutdown();
    report("sqlite", sqlite3_libversion());
}
