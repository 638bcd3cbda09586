-- A database as version 0.3.0 made and filled it: one token (kb_of_a_test), a search, a verdict, two versions.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE drafts (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	path VARCHAR(300) NOT NULL, 
	visitor VARCHAR(32) NOT NULL, 
	text TEXT NOT NULL, 
	base VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (path, visitor)
);
CREATE TABLE renames (
	old VARCHAR(300) NOT NULL, 
	new VARCHAR(300) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (old)
);
CREATE TABLE revisions (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	path VARCHAR(300) NOT NULL, 
	editor VARCHAR(300) NOT NULL, 
	note TEXT NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "revisions" VALUES(1,'2026-11-29 07:33:05.500116','printer/KB-000013.md','','','# printer/KB-000013.md
');
INSERT INTO "revisions" VALUES(2,'2026-11-29 07:33:05.523487','printer/KB-000013.md','alt','0.3.0','# printer/KB-000013.md
');
CREATE TABLE searches (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	mode VARCHAR(8) NOT NULL, 
	text TEXT NOT NULL, 
	total INTEGER NOT NULL, 
	best DOUBLE NOT NULL, 
	shown JSON NOT NULL, 
	visitor VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "searches" VALUES(1,'2026-11-29 07:33:05.312147','suggest','激光打印机报50.2，字一摸就掉',2,0.947,'["KB-000013", "KB-000171"]','api');
CREATE TABLE tokens (
	id INTEGER NOT NULL, 
	name VARCHAR(300) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	scope VARCHAR(16) NOT NULL, 
	created DATETIME NOT NULL, 
	used DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (name), 
	UNIQUE (digest)
);
INSERT INTO "tokens" VALUES(1,'alt','28f910bb140b02eda1dc18802edceecfe2ec9c299a28927361d86490e55a1579','write','2026-11-29 07:32:57.174309','2026-11-29 07:33:05.363645');
CREATE TABLE verdicts (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	article VARCHAR(300) NOT NULL, 
	search INTEGER, 
	text TEXT NOT NULL, 
	digest VARCHAR(32) NOT NULL, 
	verdict VARCHAR(16) NOT NULL, 
	reason VARCHAR(32) NOT NULL, 
	comment TEXT NOT NULL, 
	visitor VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (visitor, digest, article), 
	FOREIGN KEY(search) REFERENCES searches (id) ON DELETE SET NULL
);
INSERT INTO "verdicts" VALUES(1,'2026-11-29 07:33:05.384171','KB-000013',NULL,'激光打印机报50.2','e3024167e3e8dcd5dc0c3073a81d3fad','helpful','','','api-a7eceb992e2e5d3a');
CREATE TABLE visits (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	article VARCHAR(300) NOT NULL, 
	search INTEGER, 
	visitor VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(search) REFERENCES searches (id) ON DELETE SET NULL
);
CREATE INDEX ix_searches_at ON searches (at);
CREATE INDEX ix_visits_article ON visits (article);
CREATE INDEX ix_visits_at ON visits (at);
CREATE INDEX ix_verdicts_article ON verdicts (article);
CREATE INDEX ix_verdicts_at ON verdicts (at);
CREATE INDEX ix_revisions_path ON revisions (path);
CREATE INDEX ix_revisions_at ON revisions (at);
COMMIT;
