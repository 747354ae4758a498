import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilderImplementation;

/**
 * Runs a Neo4j server until it is told to end, and says READY when it may be used.
 *
 * <p>Usage: {@code java Start.java FOLDER SETTING=VALUE...}; a later setting overrides an earlier one.
 * {@code ATG_NEO4J_USER} and {@code ATG_NEO4J_PASSWORD}, if set, become its one user.
 */
public final class Start {
    public static void main(String[] arguments) {
        try {
            Map<String, String> settings = new LinkedHashMap<>();
            for (int i = 1; i < arguments.length; i++) {
                int equals = arguments[i].indexOf('=');
                settings.put(arguments[i].substring(0, equals), arguments[i].substring(equals + 1));
            }
            DatabaseManagementService server =
                    new DatabaseManagementServiceBuilderImplementation(Path.of(arguments[0]))
                            .setConfigRaw(settings)
                            .build();
            Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown));
            String user = System.getenv("ATG_NEO4J_USER");
            if (user != null) {
                setUser(server, user, System.getenv("ATG_NEO4J_PASSWORD"));
            }
            System.out.println("READY");
            Thread.currentThread().join();
        } catch (Throwable failure) {
            failure.printStackTrace();
            // Threads of a half-started server would keep the process alive.
            Runtime.getRuntime().halt(1);
        }
    }

    private static void setUser(DatabaseManagementService server, String user, String password) {
        var system = server.database("system");
        system.executeTransactionally(
                "CREATE OR REPLACE USER $user SET PASSWORD $password CHANGE NOT REQUIRED",
                Map.of("user", user, "password", password));
        if (!user.equals("neo4j")) {
            // Its password is known to everybody.
            system.executeTransactionally("DROP USER neo4j IF EXISTS");
        }
    }
}
